"""`Placed`: a Zarr store whose nodes lie in folders of other names, read under their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from typing import Self

from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import WrapperStore

from ecgomics.errors import CohortError


class Placed(WrapperStore[Store]):
    """A store read through the places of a manifest.

    Parameters
    ----------
    store
        The store as it lies.
    places
        The folder or file of each node that does not lie under its own name.
    """

    def __init__(self, store: Store, *, places: Mapping[str, str]) -> None:
        super().__init__(store)
        self._places = dict(places)

    def _with_store(self, store: Store) -> Self:
        return type(self)(store, places=self._places)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """The value of a key; None where there is none."""
        node, at = self._at(key)
        found = await self._store.get(at, prototype, byte_range)
        if found is None and node and "/c/" in key and not await self._is_there(node):
            # an absent chunk stands for nothing but fill: it must not for a node that is gone
            raise CohortError(
                "a part of a cohort that later commits have replaced",
                expected="the state of one of its last two commits",
                remedy="read it from the cohort again",
            )
        return found

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Parts of values, in order."""
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def _get_many(
        self, requests: Iterable[tuple[str, BufferPrototype, ByteRequest | None]]
    ) -> AsyncGenerator[tuple[str, Buffer | None], None]:
        for key, prototype, byte_range in requests:
            yield key, await self.get(key, prototype, byte_range)

    async def exists(self, key: str) -> bool:
        """Whether a key has a value."""
        return await self._store.exists(self._at(key)[1])

    def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Names right below a prefix."""
        return self._store.list_dir(self._at(prefix.rstrip("/"))[1])

    def _at(self, key: str) -> tuple[str, str]:
        """The node a key belongs to, if it lies elsewhere, and where the value is."""
        parts = key.split("/")
        for count in range(len(parts), 0, -1):
            node = "/".join(parts[:count])
            if node in self._places:
                return node, "/".join([self._places[node], *parts[count:]])
        return "", key

    async def _is_there(self, node: str) -> bool:
        return await self._store.exists(f"{self._places[node]}/zarr.json")
