// Binary messages: uint32 length of a JSON header, the header, then arrays at 8-byte boundaries (see messages.py).

const KINDS = {
  int16: Int16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Header and arrays of a message, or null when there is none yet. */
export function unpack(value) {
  if (!value || !value.byteLength) return null;
  const source = value instanceof ArrayBuffer ? new Uint8Array(value) : bytesOf(value);
  const bytes = source.byteOffset % 8 ? source.slice() : source; // typed arrays need aligned memory
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const base = bytes.byteOffset + Math.ceil((4 + length) / 8) * 8;
  const arrays = {};
  for (const [name, { dtype, size, offset }] of Object.entries(header.arrays)) {
    arrays[name] = new KINDS[dtype](bytes.buffer, base + offset, size);
  }
  return { ...header, arrays };
}

function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
