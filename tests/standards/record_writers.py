"""Writers of small synthetic files, one a format, written from the formats' descriptions for the tests of the readers.

Samples are whole numbers, dims (lead, time), in steps of the format; each function gives the bytes of a file.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Sequence

import numpy as np

TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def beats(n_leads: int = 8, *, n: int = 1500, seed: int = 3, scale: float = 200) -> np.ndarray:
    """Whole-numbered leads that look enough like an ECG: pulses, a slow wave and a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(n)
    pulse = sum(np.exp(-(((time - centre) / 6.0) ** 2)) for centre in range(150, n - 40, 400))
    slow = np.sin(time / 90)
    gains = rng.uniform(-1.5, 1.5, size=(n_leads, 2))
    signal = gains[:, :1] * scale * pulse + gains[:, 1:] * 0.2 * scale * slow + rng.normal(0, 2, (n_leads, n))
    return np.rint(signal).astype(np.int64)


def twelve_of(eight: np.ndarray) -> np.ndarray:
    """Twelve leads of eight, in halves rounded towards zero."""
    one, two = eight[0], eight[1]
    three = two - one

    def half(values: np.ndarray) -> np.ndarray:
        return np.sign(values) * (np.abs(values) // 2)

    return np.stack([one, two, three, -half(one + two), half(one - three), half(two + three), *eight[2:]])


def crc(data: bytes) -> int:
    """CRC-CCITT, bit by bit."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


# SCP-ECG ------------------------------------------------------------------------------------------------------------

SCP_LEADS = {"I": 1, "II": 2, **{f"V{k}": k + 2 for k in range(1, 7)}, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64}


def differences(row: np.ndarray, order: int) -> np.ndarray:
    """First values as they are, then differences of the order."""
    result = np.array(row, dtype=np.int64)
    if order == 1:
        result[1:] = np.diff(row)
    elif order == 2:
        result[2:] = row[2:] - 2 * row[1:-1] + row[:-2]
    return result


def default_bits(value: int) -> str:
    """The default table of annex C, as the standard prints it."""
    if value == 0:
        return "0"
    if abs(value) <= 8:
        return "1" * abs(value) + "0" + ("0" if value > 0 else "1")
    if -128 <= value <= 127:
        return "1111111110" + format(value & 0xFF, "08b")
    return "1111111111" + format(value & 0xFFFF, "016b")


def custom_bits(value: int) -> str:
    """A table of three codes: zero, a number of eight bits, a number of sixteen."""
    if value == 0:
        return "0"
    return "10" + format(value & 0xFF, "08b") if -128 <= value <= 127 else "11" + format(value & 0xFFFF, "016b")


def packed(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 16)
    return bytes(int(bits[k : k + 8], 2) for k in range(0, len(bits), 8))


CUSTOM_TABLE = struct.pack("<HH", 1, 3) + b"".join(
    struct.pack("<BBBhI", prefix, total, 1, 0, code)
    for prefix, total, code in ((1, 1, 0), (2, 10, 0b01), (2, 18, 0b11))
)
SWITCHING_TABLES = (
    struct.pack("<HH", 2, 2)
    + struct.pack("<BBBhI", 1, 17, 1, 0, 0)  # "0" and sixteen bits
    + struct.pack("<BBBhI", 1, 1, 0, 2, 1)  # "1": on with table 2
    + struct.pack("<H", 2)
    + struct.pack("<BBBhI", 1, 9, 1, 0, 0)  # "0" and eight bits
    + struct.pack("<BBBhI", 1, 1, 0, 1, 1)  # "1": on with table 1
)


def switching_bits(values: Sequence[int]) -> str:
    """Table 1 for large numbers, table 2 for small ones, with a switch wherever that changes."""
    bits, small = "", False
    for value in values:
        if (abs(value) < 100) != small:
            bits, small = bits + "1", not small
        bits += "0" + (format(value & 0xFF, "08b") if small else format(value & 0xFFFF, "016b"))
    return bits


def scp(
    rows: np.ndarray,
    names: Sequence[str] = EIGHT,
    *,
    order: int = 2,
    coding: str = "default",
    step_nv: int = 2500,
    interval_us: int = 2000,
    reference: np.ndarray | None = None,
    subtracted: bool = False,
    bimodal: bool = False,
    stored_us: int | None = None,
    beat_lines: Sequence[tuple[int, int, int, int, int, int]] = (),
    fiducial: int = 0,
    length: int | None = None,
) -> bytes:
    """An SCP-ECG record; `beat_lines` are (type, SB, fiducial, SE, QB, QE), sample numbers from 1."""
    n = rows.shape[1] if length is None else length

    def coded(values: np.ndarray) -> bytes:
        part = differences(values, order)
        if coding == "raw":
            return part.astype("<i2").tobytes()
        if coding == "switching":
            return packed(switching_bits([int(v) for v in part]))
        return packed("".join((default_bits if coding == "default" else custom_bits)(int(v)) for v in part))

    def data_section(block: np.ndarray, *, mode: int, us: int) -> bytes:
        parts = [coded(row) for row in block]
        head = struct.pack("<HHBB", step_nv, us, order, mode)
        return head + b"".join(struct.pack("<H", len(part)) for part in parts) + b"".join(parts)

    tags = [
        (2, b"P-17\x00"),
        (4, struct.pack("<HB", 61, 1)),
        (5, struct.pack("<HBB", 1950, 3, 2)),
        (6, struct.pack("<HB", 172, 1)),
        (8, b"\x02"),
        (14, b"\x00" * 7 + b"\x08" + b"ELI-X\x00" + b"\x14" + b"\x00" * 25),
        (25, struct.pack("<HBB", 2011, 5, 6)),
        (26, bytes([7, 8, 9])),
        (27, struct.pack("<H", 5)),
        (28, struct.pack("<H", 150)),
    ]
    bodies: dict[int, bytes] = {
        1: b"".join(struct.pack("<BH", tag, len(value)) + value for tag, value in tags) + b"\xff\x00\x00",
        3: bytes([len(names), (1 if subtracted else 0) | 4 | (len(names) << 3) & 0xF8])
        + b"".join(struct.pack("<IIB", 1, n, SCP_LEADS[name]) for name in names),
        6: data_section(rows, mode=int(bimodal), us=stored_us or interval_us),
        7: _global_measurements(),
        8: b"\x00"
        + struct.pack("<HBB", 2011, 5, 6)
        + bytes([7, 8, 9])
        + b"\x01"
        + b"\x01"
        + _counted(b"Sinus rhythm\x00"),
    }
    if coding == "default":
        bodies[2] = struct.pack("<H", 19999)
    elif coding == "custom":
        bodies[2] = CUSTOM_TABLE
    elif coding == "switching":
        bodies[2] = SWITCHING_TABLES
    if reference is not None:
        bodies[5] = data_section(reference, mode=0, us=interval_us)
    if beat_lines or reference is not None:
        length_ms = 0 if reference is None else round(reference.shape[1] * interval_us / 1000)
        body = struct.pack("<HHH", length_ms, fiducial, len(beat_lines))
        body += b"".join(struct.pack("<HIII", *line[:4]) for line in beat_lines)
        if subtracted or bimodal:
            body += b"".join(struct.pack("<II", *line[4:]) for line in beat_lines)
        bodies[4] = body
    return scp_record(bodies)


def scp_record(bodies: dict[int, bytes]) -> bytes:
    """Sections with their headers, the pointers to them, and the checksum."""
    numbers = list(range(12))
    size0 = 16 + 10 * len(numbers)
    sections, index = {}, 6 + size0
    lines = [struct.pack("<HII", 0, size0, 7)]
    for number in numbers[1:]:
        body = bodies.get(number)
        if body is None:
            lines.append(struct.pack("<HII", number, 0, 0))
            continue
        body += b"\x00" * (len(body) % 2)
        sections[number] = struct.pack("<HIBB6x", number, 16 + len(body), 20, 20) + body
        lines.append(struct.pack("<HII", number, 16 + len(body), index + 1))
        index += 16 + len(body)
    section0 = struct.pack("<HIBB", 0, size0, 20, 20) + b"SCPECG" + b"".join(lines)
    parts = [struct.pack("<H", crc(section0)) + section0]
    parts += [struct.pack("<H", crc(part)) + part for part in sections.values()]
    rest = struct.pack("<I", 6 + sum(map(len, parts))) + b"".join(parts)
    return struct.pack("<H", crc(rest)) + rest


def scp_resealed(data: bytes) -> bytes:
    """The same bytes with a checksum that matches them."""
    return struct.pack("<H", crc(data[2:])) + data[2:]


def _counted(text: bytes) -> bytes:
    return struct.pack("<H", len(text)) + text


def _global_measurements() -> bytes:
    beat = struct.pack("<HHHHHhhh", 100, 210, 260, 350, 660, 40, -25, 55)
    return bytes([1, 0]) + struct.pack("<HH", 800, 29999) + beat + struct.pack("<HHHHBH", 0, 75, 29999, 420, 1, 0)


# ISHNE --------------------------------------------------------------------------------------------------------------


def ishne(rows: np.ndarray, *, codes: Sequence[int] = (5, 11), rate: int = 250, step_nv: int = 5000) -> bytes:
    """An ISHNE Holter file of the leads coded."""
    n_leads, n = rows.shape

    def many(values: Sequence[int], missing: int = -9) -> bytes:
        return struct.pack("<12h", *values, *[missing] * (12 - len(values)))

    body = struct.pack("<iiiih", 0, n, 522, 522, 1) + b"A".ljust(40, b"\x00") + b"B".ljust(40, b"\x00")
    body += b"ID-7".ljust(20, b"\x00") + struct.pack("<hh", 2, 0)
    body += struct.pack("<3h3h3h3h", 4, 5, 1960, 6, 7, 2012, 6, 7, 2012, 8, 9, 10)
    body += struct.pack("<h", n_leads) + many(list(codes)) + many([1] * n_leads) + many([step_nv] * n_leads)
    body += struct.pack("<h", 0) + b"recorder".ljust(40, b"\x00") + struct.pack("<h", rate) + b"\x00" * (80 + 80 + 88)
    return b"ISHNE1.0" + struct.pack("<H", crc(body)) + body + np.ascontiguousarray(rows.T).astype("<i2").tobytes()


# XML ----------------------------------------------------------------------------------------------------------------


def muse(rows: np.ndarray, *, step_uv: float = 4.88, rate: int = 500, median: np.ndarray | None = None) -> bytes:
    """A MUSE file of eight leads."""

    def lead(name: str, row: np.ndarray) -> str:
        data = row.astype("<i2").tobytes()
        return (
            f"<LeadData><LeadByteCountTotal>{len(data)}</LeadByteCountTotal><LeadSampleCountTotal>{row.size}"
            f"</LeadSampleCountTotal><LeadAmplitudeUnitsPerBit>{step_uv}</LeadAmplitudeUnitsPerBit>"
            f"<LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><LeadID>{name}</LeadID><LeadSampleSize>2"
            f"</LeadSampleSize><LeadDataCRC32>{zlib.crc32(data)}</LeadDataCRC32><WaveFormData>\n"
            f"{base64.encodebytes(data).decode()}</WaveFormData></LeadData>"
        )

    def waveform(kind: str, block: np.ndarray) -> str:
        leads = "".join(lead(name, row) for name, row in zip(EIGHT, block, strict=True))
        return (
            f"<Waveform><WaveformType>{kind}</WaveformType><SampleBase>{rate}</SampleBase><SampleExponent>0"
            f"</SampleExponent><HighPassFilter>16</HighPassFilter><LowPassFilter>150</LowPassFilter>{leads}</Waveform>"
        )

    waves = ("" if median is None else waveform("Median", median)) + waveform("Rhythm", rows)
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE RestingECG SYSTEM "restecg.dtd">\n<RestingECG>'
        "<PatientDemographics><PatientID>M1</PatientID><PatientAge>18</PatientAge><AgeUnits>MONTHS</AgeUnits>"
        "<Gender>FEMALE</Gender></PatientDemographics><TestDemographics><AcquisitionDevice>MAC55</AcquisitionDevice>"
        "<AcquisitionTime>10:35:17</AcquisitionTime><AcquisitionDate>02-28-2023</AcquisitionDate></TestDemographics>"
        "<RestingECGMeasurements><VentricularRate>71</VentricularRate><PRInterval>160</PRInterval><QOnset>200</QOnset>"
        f"<ECGSampleBase>{rate}</ECGSampleBase><ECGSampleExponent>0</ECGSampleExponent></RestingECGMeasurements>"
        "<Diagnosis><DiagnosisStatement><StmtText>Sinus</StmtText></DiagnosisStatement><DiagnosisStatement>"
        "<StmtFlag>ENDSLINE</StmtFlag><StmtText>rhythm \u00e9</StmtText></DiagnosisStatement></Diagnosis>"
        f"<QRSTimesTypes><QRS><Number>1</Number><Type>0</Type><Time>300</Time></QRS></QRSTimesTypes>{waves}</RestingECG>"
    )
    return text.encode("latin-1")


def aecg(rows: np.ndarray, names: Sequence[str] = TWELVE, *, step_uv: float = 2.5, origin_uv: float = 0) -> bytes:
    """An aECG of 500 Hz with one wave marked in lead II, one QRS in all, and a derived beat of 300 samples."""

    def sequence(name: str, row: np.ndarray) -> str:
        digits = " ".join(map(str, row))
        return (
            f'<component><sequence><code code="MDC_ECG_LEAD_{name.upper()}"/><value xsi:type="SLIST_PQ">'
            f'<origin value="{origin_uv}" unit="uV"/><scale value="{step_uv}" unit="uV"/><digits>{digits}</digits>'
            "</value></sequence></component>"
        )

    def sequences(time: str, block: np.ndarray) -> str:
        leads = "".join(sequence(name, row) for name, row in zip(names, block, strict=True))
        clock = f"<component><sequence>{time}</sequence></component>"
        return f"<component><sequenceSet>{clock}{leads}</sequenceSet></component>"

    absolute = (
        '<code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS"><head value="20100203040506.500"/>'
        '<increment value="2" unit="ms"/></value>'
    )
    relative = (
        '<code code="TIME_RELATIVE"/><value xsi:type="GLIST_PQ"><head value="0" unit="s"/>'
        '<increment value="0.002" unit="s"/></value>'
    )

    def marked(code: str, boundary: str, lead: str = "") -> str:
        where = f'<component><boundary><code code="{lead}"/></boundary></component>' if lead else ""
        return (
            f'<component><annotation><code code="MDC_ECG_WAVC"/><value xsi:type="CE" code="{code}"/><support>'
            f"<supportingROI><component><boundary>{boundary}</boundary></component>{where}</supportingROI></support>"
            "</annotation></component>"
        )

    wave = marked(
        "MDC_ECG_WAVC_PWAVE",
        '<code code="TIME_RELATIVE"/><value xsi:type="IVL_PQ"><low value="120" unit="ms"/><high value="220" unit="ms"/>'
        "</value>",
        "MDC_ECG_LEAD_II",
    )
    qrs = marked(
        "MDC_ECG_WAVC_QRSWAVE",
        '<code code="TIME_ABSOLUTE"/><value xsi:type="IVL_TS"><low value="20100203040506.800"/>'
        '<high value="20100203040506.900"/></value>',
    )
    reading = (
        '<component><annotation><code code="MDC_ECG_INTERPRETATION"/><component><annotation>'
        '<code code="MDC_ECG_INTERPRETATION_STATEMENT"/><value xsi:type="ST">Sinus rhythm</value></annotation>'
        "</component></annotation></component>"
    )
    interval = (
        '<component><annotation><code code="MDC_ECG_TIME_PD_PR"/><value xsi:type="PQ" value="148" unit="ms"/>'
        "</annotation></component>"
    )
    derived = (
        '<derivation><derivedSeries><code code="REPRESENTATIVE_BEAT"/>'
        f"{sequences(relative, rows[:, :300])}<subjectOf><annotationSet>{interval}</annotationSet></subjectOf>"
        "</derivedSeries></derivation>"
    )
    text = (
        '<?xml version="1.0" encoding="utf-8"?><AnnotatedECG xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><componentOf><timepointEvent><componentOf>'
        '<subjectAssignment><subject><trialSubject><id extension="S-1"/><subjectDemographicPerson>'
        '<administrativeGenderCode code="F"/><birthTime value="19500101"/></subjectDemographicPerson></trialSubject>'
        "</subject></subjectAssignment></componentOf></timepointEvent></componentOf><component><series>"
        '<code code="RHYTHM"/><author><seriesAuthor><manufacturedSeriesDevice><manufacturerModelName>M'
        "</manufacturerModelName></manufacturedSeriesDevice></seriesAuthor></author><controlVariable><controlVariable>"
        '<code code="MDC_ECG_CTL_VBL_ATTR_FILTER_LOW_PASS"/><component><controlVariable><value value="150" unit="Hz"/>'
        f"</controlVariable></component></controlVariable></controlVariable>{sequences(absolute, rows)}<subjectOf>"
        f"<annotationSet>{wave}{qrs}{reading}</annotationSet></subjectOf>{derived}</series></component></AnnotatedECG>"
    )
    return text.encode()


def lzw(data: bytes) -> bytes:
    """LZW of ten bits whose table stops at 1023 codes."""
    table = {bytes([value]): value for value in range(256)}
    codes, current = [], b""
    for value in data:
        longer = current + bytes([value])
        if longer in table:
            current = longer
            continue
        codes.append(table[current])
        if len(table) < 1023:
            table[longer] = len(table)
        current = bytes([value])
    codes.append(table[current])
    bits = "".join(format(code, "010b") for code in codes)
    bits += "1" * (-len(bits) % 8)
    return bytes(int(bits[k : k + 8], 2) for k in range(0, len(bits), 8))


def xli(row: np.ndarray) -> bytes:
    """One lead: second differences, bytes in halves, LZW, and the chunk's head."""
    deltas = np.zeros(row.size, dtype=np.int64)
    deltas[:2] = row[:2]
    deltas[2:-1] = 64 + 2 * row[2:-1] - row[1:-2] - row[3:]
    words = deltas.astype("<i2").view(np.uint16)
    data = lzw((words >> 8).astype(np.uint8).tobytes() + (words & 0xFF).astype(np.uint8).tobytes())
    return struct.pack("<ihh", len(data), 0, int(2 * row[1] - row[0] - row[2])) + data


def sierra(rows: np.ndarray, *, version: str = "1.04", encoding: str = "utf-16", compressed: bool = True) -> bytes:
    """A Philips file of twelve leads, limb leads consistent to one step."""

    def half(values: np.ndarray) -> np.ndarray:
        return np.sign(values) * (np.abs(values) // 2)

    stored = rows.copy()
    if compressed:
        one, two, three, right, left, foot = rows[:6]
        stored[2] = two - one - three
        stored[3] = -right - half(one + two)
        stored[4] = half(one - three) - left
        stored[5] = half(two + three) - foot
    data = b"".join(xli(row) for row in stored) if compressed else rows.astype("<i2").tobytes()
    length_ms = rows.shape[1] * 2
    if version == "1.03":
        how = 'compressflag="True" compressmethod="XLI"' if compressed else 'compressflag="False"'
        attributes = f'{how} durationperchannel="{length_ms}" nbitspersample="16"'
        place, wave = "measurements", "globalmeasurements"
    else:
        how = 'compression="XLI"' if compressed else 'compression="None"'
        attributes = (
            f'{how} numberofleads="12" leadlabels="{" ".join(TWELVE)}" durationperchannel="{length_ms}" '
            'samplespersecond="500" resolution="5"'
        )
        place, wave = "internalmeasurements", "crossleadmeasurements"
    beat = base64.b64encode(rows[1, :200].astype("<i2").tobytes()).decode()
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><restingecgdata xmlns="http://www3.medical.philips.com">'
        f"<documentinfo><documentversion>{version}</documentversion></documentinfo><reportinfo><reportformat>"
        f"<waveformformat><mainwaveformformat>{' '.join(TWELVE)} </mainwaveformformat></waveformformat></reportformat>"
        '</reportinfo><dataacquisition date="2010-01-19" time="15:19:22"><machine>PageWriter</machine>'
        "<signalcharacteristics><samplingrate>500</samplingrate><resolution>5</resolution><hipass>0.05</hipass>"
        "<lowpass>150</lowpass><numberchannelsvalid>12</numberchannelsvalid></signalcharacteristics></dataacquisition>"
        "<patient><generalpatientdata><patientid>P9</patientid><age><dateofbirth>1950-01-20</dateofbirth></age>"
        "<sex>Male</sex></generalpatientdata></patient>"
        f"<{place}><{wave}><meanventrate>84</meanventrate><meanprint>144</meanprint><tfrontaxis>Indeterminate"
        f'</tfrontaxis></{wave}><leadmeasurements><leadmeasurement leadname="V2"><ramp>912</ramp><pdur>Failed</pdur>'
        f"</leadmeasurement></leadmeasurements></{place}><interpretations><interpretation><severity>- ABNORMAL ECG -"
        "</severity><statement><leftstatement>SINUS RHYTHM</leftstatement></statement></interpretation>"
        f'</interpretations><waveforms><parsedwaveforms dataencoding="Base64" {attributes}>'
        f'{base64.encodebytes(data).decode()}</parsedwaveforms><repbeats samplespersec="500" resolution="2.5">'
        f'<repbeat leadname="II"><waveform>{beat}</waveform></repbeat></repbeats></waveforms></restingecgdata>'
    )
    return text.encode(encoding)


def cardiosoft(rows: np.ndarray) -> bytes:
    """A CardioSoft file of twelve leads, 5 µV a step."""

    def wave(name: str, row: np.ndarray) -> str:
        return f'<WaveformData lead="{name}">\t\t{",".join(map(str, row))}\n</WaveformData>'

    def block(values: np.ndarray) -> str:
        leads = "".join(wave(name, row) for name, row in zip(TWELVE, values, strict=True))
        return f'<SampleRate units="Hz">500</SampleRate><Resolution units="uVperLsb">5</Resolution>{leads}'

    text = (
        '<?xml version="1.0" encoding="ISO-8859-1" ?><CardiologyXML><ObservationDateTime><Hour>14</Hour><Minute>19'
        "</Minute><Second>39</Second><Day>19</Day><Month>7</Month><Year>2018</Year></ObservationDateTime><ClinicalInfo>"
        '<DeviceInfo><Desc>CardioSoft</Desc></DeviceInfo></ClinicalInfo><PatientInfo><PID>C3</PID><Age units="YEARS">53'
        '</Age><Gender>MALE</Gender><Height units="CENTIMETERS">175</Height></PatientInfo><FilterSetting>'
        "<Filter50Hz>Yes</Filter50Hz><LowPass>100</LowPass></FilterSetting><Interpretation><Diagnosis><DiagnosisText>Sinus"
        "</DiagnosisText><DiagnosisText>---</DiagnosisText><DiagnosisText>Events: 4</DiagnosisText></Diagnosis>"
        "</Interpretation><RestingECGMeasurements><PQInterval>174</PQInterval><SokolovLVHIndex/><MeasurementTable>"
        f"<LeadOrder>{', '.join(TWELVE)}</LeadOrder>"
        "<SAmplitude>, , 68, 781, 136, 29, 737, 732, 717, 141, , </SAmplitude>"
        f"</MeasurementTable><MedianSamples>{block(rows[:, :300])}</MedianSamples></RestingECGMeasurements><StripData>"
        f"{block(rows)}<ArrhythmiaResults><Time>800</Time><BeatClass>dominant</BeatClass></ArrhythmiaResults>"
        "</StripData></CardiologyXML>"
    )
    return text.encode("latin-1")


# EDF ----------------------------------------------------------------------------------------------------------------


def edf(
    rows: np.ndarray,
    names: Sequence[str] = ("ECG I", "ECG II"),
    *,
    variant: str = "EDF+C",
    rate: int = 500,
    onsets: Sequence[float] | None = None,
    notes: Sequence[tuple[float, float, str]] = ((1.25, 0.5, "caf\u00e9"),),
    unit: str = "uV",
    patient: str = "P5 F 02-MAY-1951 X",
) -> bytes:
    """An EDF(+) or BDF file in data records of one second, one µV a step."""
    wide = variant.startswith("BDF")
    n_records = rows.shape[1] // rate
    low, high = (-8388608, 8388607) if wide else (-32768, 32767)
    plus = "+" in variant
    labels = [*names, *([f"{variant[:3]} Annotations"] if plus else [])]
    counts = [rate] * len(names) + ([60] if plus else [])

    def column(values: Sequence[object], width: int) -> bytes:
        return b"".join(str(value).encode("latin-1").ljust(width)[:width] for value in values)

    k = len(labels)
    head = b"\xffBIOSEMI" if wide else b"0".ljust(8)
    head += patient.encode().ljust(80) + b"Startdate 02-MAR-2002 X X Some_Device".ljust(80) + b"02.03.0204.05.06"
    head += str(256 * (k + 1)).encode().ljust(8) + variant.encode().ljust(44) + str(n_records).encode().ljust(8)
    head += b"1".ljust(8) + str(k).encode().ljust(4)
    head += column(labels, 16) + column([""] * k, 80) + column([unit] * len(names) + [""] * plus, 8)
    head += column([low] * k, 8) + column([high] * k, 8) + column([low] * k, 8) + column([high] * k, 8)
    head += column(["HP:0.05Hz LP:150Hz N:50Hz"] * k, 80) + column(counts, 8) + column([""] * k, 32)
    body = b""
    for number in range(n_records):
        block = rows[:, number * rate : (number + 1) * rate]
        body += b"".join(_edf_samples(row, wide) for row in block)
        if plus:
            onset = number if onsets is None else onsets[number]
            text = f"+{onset:g}\x14\x14\x00".encode()
            if number == 0:
                text += b"".join(f"+{at:g}\x15{length:g}\x14{word}\x14\x00".encode() for at, length, word in notes)
            body += text.ljust(60 * (3 if wide else 2), b"\x00")
    return head + body


def _edf_samples(row: np.ndarray, wide: bool) -> bytes:
    if not wide:
        return row.astype("<i2").tobytes()
    return row.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


# texts --------------------------------------------------------------------------------------------------------------


def apple(row: np.ndarray, *, language: str = "en") -> bytes:
    """An Apple Health ECG; `de` writes decimal commas."""
    if language == "de":
        head = "Name,X\nGeburtsdatum,02.03.1980\nAufzeichnungsdatum,2021-02-03 04:05:06 +0100\nKlassifizierung,"
        head += "Sinusrhythmus\nSymptome,\nSoftwareversion,1.9\nGerät,Watch\nMessrate,512 Hertz\n\n\n"
        return (
            head
            + "Ableitung,Ableitung I\nEinheit,µV\n\n"
            + "\n".join(f"{value:.3f}".replace(".", ",") for value in row)
            + "\n"
        ).encode()
    head = "Name,X\nDate of Birth,1980-03-02\nRecorded Date,2021-02-03 04:05:06 +0100\nClassification,Sinus Rhythm\n"
    head += 'Symptoms,"Fatigue, Dizziness"\nSoftware Version,1.9\nDevice,"Watch6,1"\nSample Rate,512 hertz\n\n\n'
    return (head + "Lead,Lead I\nUnit,µV\n\n" + "\n".join(f"{value:.3f}" for value in row) + "\n").encode()


def polar(row: np.ndarray, *, rate: float = 130) -> bytes:
    """A Polar Sensor Logger recording, with its clock in ns."""
    lines = ["Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]"]
    for k, value in enumerate(row):
        ns = 599616000000000000 + int(k * 1e9 / rate)
        lines.append(f"2021-02-03T04:05:{k / rate:06.3f};{ns};{k * 1000 / rate:.6f};{value}")
    return ("\n".join(lines) + "\n").encode()


def open_signals(counts: np.ndarray, *, rate: int = 1000) -> bytes:
    """A BITalino recording of one ECG channel, 10 bits, in its fifth column."""
    device = {
        "sensor": ["ECG"],
        "device name": "x",
        "column": ["nSeq", "I1", "I2", "O1", "A2"],
        "time": "7:3:47.29",
        "date": "2016-6-11",
        "channels": [2],
        "device": "bitalino",
        "sampling rate": rate,
        "label": ["A2"],
        "resolution": [4, 1, 1, 1, 10],
    }
    head = ["# OpenSignals Text File Format", f"# {json.dumps({'20:16': device})}", "# EndOfHeader"]
    return ("\n".join([*head, *(f"{k % 16}\t1\t1\t0\t{value}\t" for k, value in enumerate(counts))]) + "\n").encode()
