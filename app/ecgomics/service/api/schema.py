"""What requests and answers hold, as the OpenAPI document tells it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LeadName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16)]
Text = Annotated[str, StringConstraints(max_length=120)]
MOST_SAMPLES = 2_000_000
"""Samples in one request over all leads; longer recordings are files."""


class Strict(BaseModel):
    """A request: what is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Samples(Strict):
    """A recording as numbers."""

    leads: dict[LeadName, list[float | None]] = Field(
        min_length=1, max_length=64, description="Samples by lead, all equally long; null is a gap."
    )
    rate_hz: float = Field(ge=50, le=4000, description="Samples a second.")
    unit: Literal["mV", "uV", "V"] = "mV"
    age: float | None = Field(None, ge=0, le=130, description="Years.")
    sex: Literal["M", "F", ""] = ""
    source: Text = Field("", description="A name of your own for it; no person's.")


class Problem(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    expected: str | None = None
    remedy: str | None = None


class RecordLine(BaseModel):
    """A record of the cohort."""

    record: str
    source: str
    age: float | None
    sex: str | None
    start: str | None
    rate_hz: float
    duration_s: float
    quality: float | None


class RecordList(BaseModel):
    """A page of records; `next` asks for the following one."""

    total: int
    records: list[RecordLine]
    next: str | None


class Neighbour(BaseModel):
    """A record like another."""

    record: str
    distance: float


class StreamLine(BaseModel):
    """A live stream."""

    stream: str
    name: str
    kind: str
    leads: list[str]
    rate_hz: float = Field(description="Samples a second; 0 for a stream of RR intervals.")
    device: str
    origin: str = Field(description="Where samples come from when no person is at the other end, such as a replay.")
    synthetic: bool
    started: str = Field(description="When its first sample came, UTC.")
    next: int = Field(description="Number of the sample to come.")
    gaps: int
    yours: bool
    state: Literal["connecting", "live", "lost", "ended"]
    battery: float | None
    reason: str
    rate_bpm: int | None = Field(description="Median rate of the last beats, per minute.")


class StreamList(BaseModel):
    """The live streams beside the cohort."""

    streams: list[StreamLine]


class JobState(BaseModel):
    """Work that goes on after its request was answered."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    total: int
    error: str = ""
    result: dict[str, Any] | None = None


class BatchRequest(Strict):
    """Records of the cohort to report on."""

    records: list[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]] = Field(min_length=1, max_length=10_000)
