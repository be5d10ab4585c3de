import threading

import numpy as np
import pytest

from ecgomics.latent import embed_windows, recipe_named
from ecgomics.latent.shipped import opened
from ecgomics.latent.windows import free_cores, side_by_side


def test_threads_change_nothing_but_the_time(signal):
    one, two = (opened().embed(signal, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.vectors, two.vectors)
    assert one.meta == two.meta
    assert two.vectors["record"].values.tolist() == signal["record"].values.tolist()


def test_bfloat16_is_told_and_close(signal):
    whole, half = (opened().embed(signal, precision=precision) for precision in ("float32", "bfloat16"))
    assert half.meta["precision"] == "bfloat16"
    assert np.corrcoef(whole.vectors.values.ravel(), half.vectors.values.ravel())[0, 1] > 0.999


def test_only_a_few_pieces_are_in_memory_at_once():
    made, done = [], []

    def items():
        for number in range(50):
            made.append(number)
            assert len(made) - len(done) <= 8
            yield number

    for result in side_by_side(items(), lambda number: 2 * number, 2):
        done.append(result)
    assert done == [2 * number for number in range(50)]


def test_no_more_threads_than_cores():
    seen = set()
    list(side_by_side(range(40), lambda number: seen.add(threading.get_ident()), 64))
    assert len(seen) <= free_cores()


def test_what_a_piece_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side([1, 0, 2], lambda number: 1 / number, 2))


def test_a_record_alone_and_a_block_are_embedded_alike(signal):
    recipe = recipe_named("model-path-100")
    told = {"recipe": recipe, "name": "power"}
    block = embed_windows(signal.isel(record=slice(40)), lambda w: np.square(w).mean(axis=-1), **told)
    alone = embed_windows(signal.isel(record=35), lambda w: np.square(w).mean(axis=-1), **told)
    np.testing.assert_allclose(alone.vectors[0], block.vectors[35], rtol=1e-5)
