"""`panel`: few biomarkers that together tell the group from the rest, judged on patients they were not chosen on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from ecgomics.discovery.adjustment import Confounders
from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.kinship import folded_of
from ecgomics.discovery.material import Material, Values
from ecgomics.discovery.patients import Bools, Floats
from ecgomics.discovery.ranks import midranks
from ecgomics.discovery.sparse import Scaler, fit, penalties, refit
from ecgomics.errors import DiscoveryError
from ecgomics.settings import PanelSettings

_THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Panel:
    """A minimal panel, and what it is worth.

    Parameters
    ----------
    members
        One row a biomarker of the panel made on all patients: `biomarker`, `coefficient` (log odds for one standard
        deviation more, refitted without the penalty), `chosen` (share of the outer folds that chose it too).
    models
        One row a model: `model` ("confounders", "expert", "latent", "both"), `auc, low, high` on patients left out,
        `brier`, `slope` and `intercept` (of calibration; 1 and 0 are right).
    gains
        One row a question: `gain` ("biomarkers over confounders", "latent over biomarkers", …), `auc, low, high`: the
        difference in AUC on patients left out, with its interval over resampled patients.
    calibration
        Of the expert model: `bin, patients, predicted, observed, low, high` (Wilson's interval).
    decision
        Net benefit at thresholds: `threshold`, `panel`, `everyone`, `nobody`.
    """

    members: pd.DataFrame
    models: pd.DataFrame
    gains: pd.DataFrame
    calibration: pd.DataFrame
    decision: pd.DataFrame

    def as_dict(self) -> dict[str, Any]:
        """All tables in a form JSON can hold."""
        return {name: getattr(self, name).to_dict("records") for name in self.__dataclass_fields__}


def panel(
    found: Contrast,
    values: Values,
    *,
    biomarkers: Sequence[str] | None = None,
    latent: pd.DataFrame | None = None,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    settings: PanelSettings | None = None,
) -> Panel:
    """Build a minimal panel and judge it by nested cross-validation over patients.

    Parameters
    ----------
    found, values, patient, adjust
        The contrast, and what it was given.
    biomarkers
        What the panel may choose from. Left out: every biomarker that does not define the group. To hand over the
        candidates of the same patients flatters the panel: they were chosen on the patients it is judged on.
    latent
        Latent vectors, float, (record, component), one row a record in the order of the values: what they add is told.
    settings
        Folds, sizes, resamples.

    Raises
    ------
    DiscoveryError
        For too few patients on a side to fill the folds, or a latent table of another length.

    Notes
    -----
    In each outer fold everything is learnt anew from the other folds: filling, scaling, principal components, the
    penalty (inner folds; the strongest within one standard error of the best log-loss), the biomarkers, and their
    coefficients (refitted with a slight ridge). Latent vectors enter as principal components of the training patients.
    """
    settings = settings or PanelSettings()
    folded = folded_of(found, values, patient=patient)
    members = folded.members(found.sides[0])
    _require(members, settings)
    names = _chosen_from(found, biomarkers)
    blocks: dict[str, Floats] = {"expert": folded.columns_of(names)}
    material = Material.gather(values, patient=patient, adjust=adjust)
    kept = material.mask([*found.sides[0], *found.sides[1]])
    if material.confounders is not None:
        blocks["confounders"] = Confounders.of_patients(material.confounders[kept], folded.patients).matrix
    if latent is not None:
        if len(latent) != len(kept):
            raise DiscoveryError(
                f"latent vectors of {len(latent)} records for {len(kept)} records",
                expected="one row a record, in the order of the values",
                remedy="take both from the same cohort",
            )
        blocks["latent"] = folded.patients.fold(latent.to_numpy(dtype=np.float64)[kept])
    predicted, chosen = _left_out(blocks, members, settings=settings)
    final = _Sparse.learn(blocks["expert"], members, base=blocks.get("confounders"), settings=settings)
    places = np.flatnonzero(final.kept)
    rows = {
        "biomarker": [names[place] for place in places],
        "coefficient": final.weights[: len(places)],
        "chosen": chosen[places],
    }
    table = pd.DataFrame(rows).sort_values("coefficient", key=np.abs, ascending=False).reset_index(drop=True)
    return Panel(
        table,
        _models(predicted, members, settings),
        _gains(predicted, members, settings),
        _calibration(predicted["expert"].mean(axis=0), members, settings),
        _decision(predicted["expert"].mean(axis=0), members),
    )


@dataclass(frozen=True)
class _Sparse:
    """A sparse choice of biomarkers refitted together with terms that are always in."""

    scaler: Scaler
    kept: Bools
    base: Scaler | None
    intercept: float
    weights: Floats

    @classmethod
    def learn(cls, values: Floats, members: Bools, *, base: Floats | None, settings: PanelSettings) -> _Sparse:
        scaler = Scaler.of_patients(values)
        scaled = scaler.apply(values)
        always = None if base is None else Scaler.of_patients(base)
        kept = _choose(values, members, settings=settings)
        parts = [scaled[:, kept]] if always is None or base is None else [scaled[:, kept], always.apply(base)]
        intercept, weights = refit(np.column_stack(parts), members)
        return cls(scaler, kept, always, intercept, weights)

    def predict(self, values: Floats, base: Floats | None) -> Floats:
        parts = [self.scaler.apply(values)[:, self.kept]]
        if self.base is not None and base is not None:
            parts.append(self.base.apply(base))
        return self.intercept + np.column_stack(parts) @ self.weights


def _choose(values: Floats, members: Bools, *, settings: PanelSettings) -> Bools:
    """Biomarkers of the sparsest model within one standard error of the best (inner folds), at most `most`."""
    scaled = Scaler.of_patients(values).apply(values)
    path = penalties(scaled, members)[1::2]
    losses = np.full((settings.inner, len(path)), np.nan)
    for fold, (train, test) in enumerate(_folds(members, count=settings.inner, seed=settings.seed)):
        scaler = Scaler.of_patients(values[train])
        own, other = scaler.apply(values[train]), scaler.apply(values[test])
        for step, penalty in enumerate(path):
            # the penalty weighs against a sum over patients, of whom a training fold has fewer
            intercept, weights = fit(own, members[train], penalty=penalty * len(train) / len(members))
            losses[fold, step] = _log_loss(intercept + other @ weights, members[test])
            if (weights != 0).sum() > 2 * settings.most:
                break
    tried = np.isfinite(losses).all(axis=0)
    mean = np.where(tried, np.nan_to_num(losses, nan=np.inf).mean(axis=0), np.inf)
    best = int(np.argmin(mean))
    error = float(losses[:, best].std(ddof=1) / np.sqrt(settings.inner))
    chosen = np.zeros(values.shape[1], dtype=bool)
    for step in range(int(np.flatnonzero(mean <= mean[best] + error)[0]), -1, -1):
        chosen = fit(scaled, members, penalty=path[step])[1] != 0
        if chosen.sum() <= settings.most:
            break
    return chosen


def _left_out(
    blocks: Mapping[str, Floats], members: Bools, *, settings: PanelSettings
) -> tuple[dict[str, Floats], Floats]:
    """Log odds of every patient by models that did not see the patient ((repeat, patient) a model), and how often
    each biomarker was chosen."""
    models = ["expert", *(["confounders"] if "confounders" in blocks else [])]
    models += ["latent", "both"] if "latent" in blocks else []
    predicted = {model: np.full((settings.repeats, len(members)), np.nan) for model in models}
    chosen = np.zeros(blocks["expert"].shape[1])
    for repeat in range(settings.repeats):
        for train, test in _folds(members, count=settings.folds, seed=settings.seed + 1 + repeat):
            learnt = _learn_all(blocks, members, train, settings=settings)
            chosen += learnt.expert.kept
            for model, odds in learnt.predict(blocks, test).items():
                predicted[model][repeat, test] = odds
    return predicted, chosen / (settings.repeats * settings.folds)


@dataclass(frozen=True)
class _Learnt:
    """All models of one training fold."""

    expert: _Sparse
    plain: tuple[Scaler, float, Floats] | None
    axes: tuple[Scaler, Floats] | None
    latent: tuple[float, Floats] | None
    both: tuple[float, Floats] | None

    def predict(self, blocks: Mapping[str, Floats], rows: npt.NDArray[np.intp]) -> dict[str, Floats]:
        base = blocks["confounders"][rows] if "confounders" in blocks else None
        odds = {"expert": self.expert.predict(blocks["expert"][rows], base)}
        if self.plain is not None and base is not None:
            odds["confounders"] = self.plain[1] + self.plain[0].apply(base) @ self.plain[2]
        if self.axes is not None and self.latent is not None and self.both is not None:
            scores = self.axes[0].apply(blocks["latent"][rows]) @ self.axes[1]
            odds["latent"] = self.latent[0] + _with(scores, self.plain, base) @ self.latent[1]
            odds["both"] = self.both[0] + np.column_stack([odds["expert"], scores]) @ self.both[1]
        return odds


def _learn_all(
    blocks: Mapping[str, Floats], members: Bools, train: npt.NDArray[np.intp], *, settings: PanelSettings
) -> _Learnt:
    own = members[train]
    base = blocks["confounders"][train] if "confounders" in blocks else None
    expert = _Sparse.learn(blocks["expert"][train], own, base=base, settings=settings)
    plain = None
    if base is not None:
        scaler = Scaler.of_patients(base)
        plain = (scaler, *refit(scaler.apply(base), own))
    if "latent" not in blocks:
        return _Learnt(expert, plain, None, None, None)
    scaler = Scaler.of_patients(blocks["latent"][train])
    axes = _axes(scaler.apply(blocks["latent"][train]), count=settings.components)
    scores = scaler.apply(blocks["latent"][train]) @ axes
    latent = refit(_with(scores, plain, base), own)
    # the expert model's odds for its own training patients are too good: those of inner folds are not
    odds = _inner_odds(blocks["expert"][train], own, base=base, settings=settings)
    return _Learnt(expert, plain, (scaler, axes), latent, refit(np.column_stack([odds, scores]), own))


def _with(scores: Floats, plain: tuple[Scaler, float, Floats] | None, base: Floats | None) -> Floats:
    return scores if plain is None or base is None else np.column_stack([scores, plain[0].apply(base)])


def _inner_odds(values: Floats, members: Bools, *, base: Floats | None, settings: PanelSettings) -> Floats:
    odds = np.zeros(len(members))
    kept = _choose(values, members, settings=settings)
    for train, test in _folds(members, count=settings.inner, seed=settings.seed + 1000):
        own = None if base is None else base[train]
        scaler, always = Scaler.of_patients(values[train]), None if own is None else Scaler.of_patients(own)

        def design(rows: npt.NDArray[np.intp], scaler: Scaler = scaler, always: Scaler | None = always) -> Floats:
            part = scaler.apply(values[rows])[:, kept]
            return part if always is None or base is None else np.column_stack([part, always.apply(base[rows])])

        intercept, weights = refit(design(train), members[train])
        odds[test] = intercept + design(test) @ weights
    return odds


def _axes(scaled: Floats, *, count: int) -> Floats:
    """Directions of the first principal components, scaled to unit variance ((column, component))."""
    _, size, directions = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    used = min(count, int((size > 1e-9 * max(size[0], 1e-12)).sum()), max(1, len(scaled) // 10))
    return np.asarray(directions[:used].T / (size[:used] / np.sqrt(len(scaled))), dtype=np.float64)


def _folds(members: Bools, *, count: int, seed: int) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Training and test patients of folds that hold both sides in equal shares."""
    rng = np.random.default_rng(seed)
    fold = np.empty(len(members), dtype=np.int64)
    for side in (members, ~members):
        places = rng.permutation(np.flatnonzero(side))
        fold[places] = np.arange(len(places)) % count
    for number in range(count):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _models(predicted: Mapping[str, Floats], members: Bools, settings: PanelSettings) -> pd.DataFrame:
    rows = []
    for model, odds in predicted.items():
        mean = odds.mean(axis=0)
        low, high = np.quantile(_resampled(odds, members, settings), _tails(settings))
        slope = _slope(mean, members)
        brier = float(np.mean((expit(mean) - members) ** 2))
        rows.append((model, _mean_auc(odds, members), low, high, brier, slope[1], slope[0]))
    return pd.DataFrame(rows, columns=["model", "auc", "low", "high", "brier", "slope", "intercept"])


def _gains(predicted: Mapping[str, Floats], members: Bools, settings: PanelSettings) -> pd.DataFrame:
    asked = [
        ("biomarkers over confounders", "expert", "confounders"),
        ("latent over confounders", "latent", "confounders"),
        ("latent over biomarkers", "both", "expert"),
        ("biomarkers over latent", "both", "latent"),
    ]
    rows = []
    for gain, more, less in asked:
        if more in predicted and less in predicted:
            drawn = _resampled(predicted[more], members, settings) - _resampled(predicted[less], members, settings)
            low, high = np.quantile(drawn, _tails(settings))
            rows.append((gain, _mean_auc(predicted[more], members) - _mean_auc(predicted[less], members), low, high))
    return pd.DataFrame(rows, columns=["gain", "auc", "low", "high"])


def _resampled(odds: Floats, members: Bools, settings: PanelSettings) -> Floats:
    """AUC of the mean log odds over resampled patients, the same draws for every model (float64, (resample))."""
    rng = np.random.default_rng(settings.seed)
    sides = [odds[:, side] for side in (members, ~members)]
    result = np.empty(settings.resamples)
    for draw in range(settings.resamples):
        ours, theirs = (side[:, rng.integers(side.shape[1], size=side.shape[1])] for side in sides)
        both = np.concatenate([ours, theirs], axis=1)
        result[draw] = _mean_auc(both, np.arange(both.shape[1]) < ours.shape[1])
    return result


def _mean_auc(odds: Floats, members: Bools) -> float:
    """AUC of each repeat, averaged; odds are comparable within a repeat only."""
    ranks = midranks(odds.T)
    inside = int(members.sum())
    wins = ranks[members].sum(axis=0) - inside * (inside + 1) / 2
    return float((wins / (inside * (len(members) - inside))).mean())


def _tails(settings: PanelSettings) -> list[float]:
    return [(1 - settings.level) / 2, (1 + settings.level) / 2]


def _slope(odds: Floats, members: Bools) -> tuple[float, float]:
    """Intercept and slope of calibration: log odds of what happened on those foretold."""
    spread = float(odds.std())
    if spread == 0:
        return float(logit(members.mean()) - odds.mean()), float("nan")
    intercept, weights = refit(((odds - odds.mean()) / spread)[:, None], members)
    slope = float(weights[0]) / spread
    return intercept - slope * float(odds.mean()), slope


def _calibration(odds: Floats, members: Bools, settings: PanelSettings) -> pd.DataFrame:
    from ecgomics.discovery.intervals import wilson_interval

    chance = expit(odds)
    place = np.argsort(np.argsort(chance, kind="stable"), kind="stable") * settings.bins // len(chance)
    number = np.bincount(place, minlength=settings.bins).astype(np.float64)
    seen = np.bincount(place, weights=members.astype(np.float64), minlength=settings.bins).astype(np.float64)
    low, high = wilson_interval(seen, number, level=settings.level)
    said = np.bincount(place, weights=chance, minlength=settings.bins) / number
    columns = {"bin": np.arange(settings.bins), "patients": number.astype(int), "predicted": said}
    return pd.DataFrame(columns | {"observed": seen / number, "low": low, "high": high})


def _decision(odds: Floats, members: Bools) -> pd.DataFrame:
    """Net benefit (Vickers & Elkin, Med Decis Making 2006;26:565)."""
    chance, size = expit(odds), len(members)
    rows = []
    for threshold in _THRESHOLDS:
        called, price = chance >= threshold, threshold / (1 - threshold)
        benefit = (called & members).sum() / size - price * (called & ~members).sum() / size
        rows.append((threshold, float(benefit), float(members.mean() - price * (~members).mean()), 0.0))
    return pd.DataFrame(rows, columns=["threshold", "panel", "everyone", "nobody"])


def _log_loss(odds: Floats, members: Bools) -> float:
    return float(np.mean(np.logaddexp(0.0, np.where(members, -odds, odds))))


def _chosen_from(found: Contrast, biomarkers: Sequence[str] | None) -> list[str]:
    table = found.results
    usable = table.loc[table["q"].notna() & ~table["defines_group"], "biomarker"].tolist()
    if biomarkers is None:
        return [str(name) for name in usable]
    unknown = [name for name in biomarkers if name not in set(table["biomarker"])]
    if unknown:
        raise DiscoveryError(f"no biomarker named {unknown[0]!r}", remedy="choose from the contrast's table")
    return [str(name) for name in biomarkers]


def _require(members: Bools, settings: PanelSettings) -> None:
    few = int(min(members.sum(), (~members).sum()))
    least = 2 * max(settings.folds, settings.inner)
    if few < least:
        raise DiscoveryError(
            f"{few} patients on the smaller side",
            expected=f"at least {least}, two a fold",
            remedy="widen the group, or lower the settings folds and inner",
        )
