"""Heart-rate variability by definition: by hand, by brute force, and beside neurokit2."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.phantom import phantom
from ecgomics.biomarkers.variability import coefficient_of_sample_entropy, histogram_entropy, sample_entropy
from ecgomics.settings import BiomarkerSettings
from ecgomics.vocabulary import BEAT_CLASSES

VENTRICULAR = BEAT_CLASSES.index("ventricular")


def series(n: int, *, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    slow = 0.04 * np.sin(2 * np.pi * np.arange(n) / 11)
    return np.round(0.85 + slow + rng.normal(scale=0.02, size=n), 3)


def values_of(rr_s: np.ndarray, kinds: np.ndarray | None = None, **settings: float) -> xr.DataArray:
    made = phantom(rr_s=tuple(rr_s))
    beats = made.beats
    if kinds is not None:
        beats = made.classed(kinds).beats
    return measure(beats, made.ecg, settings=BiomarkerSettings(**settings))["value"].isel(record=0)


def test_time_domain_by_definition() -> None:
    rr = series(380)
    got = values_of(rr)
    ms, d = 1000 * rr, np.diff(1000 * rr)
    for column, expected in {
        "RMSSD": math.sqrt((d**2).mean()),
        "SDSD": d.std(ddof=1),
        "PNN20": 100 * (np.abs(d) > 20).mean(),
        "PNN50": 100 * (np.abs(d) > 50).mean(),
        "SDNN": ms.std(ddof=1),
        "SD1": d.std(ddof=1) / math.sqrt(2),
        "SD2": (ms[1:] + ms[:-1]).std(ddof=1) / math.sqrt(2),
        "NRMSSD": math.sqrt((d**2).mean()) / ms.mean(),
        "CSI": (ms[1:] + ms[:-1]).std(ddof=1) / d.std(ddof=1),
        "CSI_Modified": 4 * (ms[1:] + ms[:-1]).std(ddof=1) ** 2 / d.std(ddof=1) / math.sqrt(2),
        "CVI": math.log10(8 * (ms[1:] + ms[:-1]).std(ddof=1) * d.std(ddof=1)),
    }.items():
        assert got.sel(biomarker=f"{column}_Global").item() == pytest.approx(expected, rel=1e-4)


def test_time_domain_beside_neurokit() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import neurokit2 as nk

        rr = series(380, seed=6)
        peaks = np.round(1000 * np.concatenate([[0.5], 0.5 + np.cumsum(rr)])).astype(int)
        theirs = nk.hrv_time(peaks, sampling_rate=1000).iloc[0]
        poincare = nk.hrv_nonlinear(peaks, sampling_rate=1000).iloc[0]
        entropy, _ = nk.entropy_sample(1000 * rr, dimension=2, tolerance=0.2 * np.std(1000 * rr, ddof=1))
    ours = values_of(rr)
    for mine, other in (("RMSSD", "HRV_RMSSD"), ("SDNN", "HRV_SDNN"), ("PNN50", "HRV_pNN50"), ("PNN20", "HRV_pNN20")):
        # they divide by the number of intervals, the definition by the number of differences
        shrink = (len(rr) - 1) / len(rr) if mine.startswith("PNN") else 1.0
        assert ours.sel(biomarker=f"{mine}_Global").item() * shrink == pytest.approx(theirs[other], rel=1e-3)
    assert ours.sel(biomarker="SD1_Global").item() == pytest.approx(poincare["HRV_SD1"], rel=1e-3)
    assert ours.sel(biomarker="SD2_Global").item() == pytest.approx(poincare["HRV_SD2"], rel=1e-2)
    assert ours.sel(biomarker="SampEn_Global").item() == pytest.approx(entropy, rel=0.02)


def test_ectopic_beats_are_left_out_of_variability_and_kept_in_rate() -> None:
    rr = series(120)
    clean = values_of(rr)
    kinds = np.zeros(121)
    kinds[60] = VENTRICULAR
    early = rr.copy()
    early[59], early[60] = 0.5, 1.2  # the ectopic beat ends interval 59 and starts interval 60
    got = values_of(early, kinds)
    kept = np.delete(1000 * rr, [59, 60])
    d = np.diff(1000 * rr)
    d = np.delete(d, [58, 59, 60])
    assert got.sel(biomarker="RMSSD_Global").item() == pytest.approx(math.sqrt((d**2).mean()), rel=1e-4)
    assert got.sel(biomarker="RR_StdDev_Global").item() > 1.05 * clean.sel(biomarker="RR_StdDev_Global").item()
    assert got.sel(biomarker="HR_Max_Global").item() == pytest.approx(60000 / kept.min(), rel=1e-4)
    assert got.sel(biomarker="RR_Max_Global").item() == pytest.approx(1200, abs=0.1)


def test_pauses_are_counted_beyond_the_limit_set() -> None:
    rr = np.array([0.8, 2.1, 0.8, 1.6, 0.8])
    assert values_of(rr).sel(biomarker="Pause_Count_Global").item() == 1
    assert values_of(rr, pause_ms=1500.0).sel(biomarker="Pause_Count_Global").item() == 2


def brute_sample_entropy(x: np.ndarray, m: int, r: float) -> float:
    def matches(length: int) -> int:
        starts = [x[i : i + length] for i in range(len(x) - m)]
        return sum(max(abs(a - b)) <= r for k, a in enumerate(starts) for b in starts[k + 1 :])

    return -math.log(matches(m + 1) / matches(m))


@pytest.mark.parametrize(("m", "share"), [(1, 0.2), (2, 0.2), (2, 0.5), (3, 1.0)])
def test_sample_entropy_against_brute_force(m: int, share: float) -> None:
    x = series(60, seed=m)
    r = share * float(x.std(ddof=1))
    assert sample_entropy(x, m=m, r=r) == pytest.approx(brute_sample_entropy(x, m, r), rel=1e-9)


def test_sample_entropy_without_matches_is_unknown() -> None:
    assert math.isnan(sample_entropy(np.array([1.0, 2.0, 4.0, 8.0, 16.0]), m=2, r=0.1))
    assert math.isnan(sample_entropy(np.ones(2), m=2, r=0.1))


def test_cosen_of_a_steady_rhythm_by_hand() -> None:
    # all pairs match at r = 30 ms: SampEn is 0, what is left is ln(0.06) − ln(0.8)
    assert coefficient_of_sample_entropy(np.full(12, 0.8)) == pytest.approx(math.log(0.06) - math.log(0.8))


def test_cosen_is_the_entropy_of_a_density_so_it_does_not_hang_on_r_or_on_the_unit() -> None:
    # SampEn + ln 2r of Gaussian intervals is the entropy of their quadratic density, ln(2·√π·sd), whatever r
    rng = np.random.default_rng(11)
    rr = rng.normal(0.8, 0.15, 1500)
    for r in (0.03, 0.06):
        got = sample_entropy(rr, m=1, r=r) + math.log(2 * r)
        assert got == pytest.approx(math.log(2 * math.sqrt(math.pi) * 0.15), abs=0.06)
    assert coefficient_of_sample_entropy(rr) == pytest.approx(
        math.log(2 * math.sqrt(math.pi) * 0.15) - math.log(rr.mean()), abs=0.06
    )


def test_cosen_grows_r_until_five_pairs_match() -> None:
    rr = np.array([0.50, 0.90, 0.62, 1.10, 0.74, 0.98, 0.55, 1.20, 0.68, 0.85, 1.04, 0.59])
    pairs = np.stack([rr[:-1], rr[1:]], axis=1)
    apart = sorted(max(abs(a - b)) for k, a in enumerate(pairs) for b in pairs[k + 1 :])
    r = apart[4]
    assert r > 0.030
    expected = brute_sample_entropy(rr, 1, r) + math.log(2 * r) - math.log(rr.mean())
    assert coefficient_of_sample_entropy(rr) == pytest.approx(expected, rel=1e-9)


def test_cosen_separates_fibrillation_from_sinus_rhythm_at_the_published_threshold() -> None:
    rng = np.random.default_rng(8)
    sinus = [coefficient_of_sample_entropy(0.85 + rng.normal(scale=0.025, size=14)) for _ in range(50)]
    fibrillation = [
        coefficient_of_sample_entropy(np.clip(0.75 + rng.normal(scale=0.16, size=14), 0.35, 1.6)) for _ in range(50)
    ]
    assert np.mean(np.array(sinus) < -1.4) > 0.95
    assert np.mean(np.array(fibrillation) > -1.4) > 0.95


def test_histogram_entropy_runs_from_one_bin_to_all() -> None:
    assert histogram_entropy(np.full(20, 800.0)) == 0.0
    assert histogram_entropy(800.0 * (1 + 1e-12 * np.arange(-10, 10))) == 0.0
    even = 800.0 * (0.44 + 0.08 * np.arange(15))
    assert histogram_entropy(even) == pytest.approx(1.0)


def test_the_lorenz_plot_tells_steady_alternating_and_chaotic_rhythms_apart() -> None:
    def of(rr: np.ndarray) -> tuple[float, float]:
        got = values_of(rr)
        names = ("Lorenz_Irregularity_Global", "Lorenz_Origin_Global")
        return tuple(got.sel(biomarker=name).item() for name in names)  # type: ignore[return-value]

    assert of(np.full(40, 0.8)) == (0.0, 1.0)
    # two cells, (+300, −300) and (−300, +300), hold all 38 points
    assert of(np.array([0.9, 0.6] * 20)) == pytest.approx((2 / 38, 0.0))
    chaotic = of(np.random.default_rng(4).uniform(0.4, 1.2, 60).round(3))
    assert chaotic[0] > 0.7
    assert chaotic[1] < 0.15
    assert math.isnan(of(np.full(20, 0.8))[0]), "needs 30 beats"
