"""`Beats`: what the waves stage finds in a block of records."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr


@dataclass(frozen=True)
class Beats:
    """Beats, marks, classes, representative beats and quality of a block of records.

    Times are seconds from the start of the record (float64); an absent mark is NaN.

    Parameters
    ----------
    beats
        Ragged by record, dims ``(beat, lead, mark)``; beats of one record are contiguous and in order of time.

        ========================  ===================  =========  ==================================================
        variable                  dims                 dtype      meaning
        ========================  ===================  =========  ==================================================
        ``beat_record`` (coord)   beat                 str        record id
        ``r_s``                   beat                 float64    time of the R peak (largest QRS deflection), s
        ``rr_s``                  beat                 float64    interval from the previous beat, s; NaN for the first
        ``beat_class``            beat                 int8       index into `vocabulary.BEAT_CLASSES`
        ``beat_quality``          beat                 float32    0 (useless) to 1
        ``marks``                 beat, mark           float64    global marks, s
        ``lead_marks``            beat, lead, mark     float64    marks in each lead, s
        ========================  ===================  =========  ==================================================
    template
        Representative beat of the dominant class, dims ``(record, lead, offset, mark)``.

        ========================  ===================  =========  ==================================================
        ``offset`` (coord)        offset               float64    s relative to the R peak, constant step
        ``beat_mv``               record, lead, offset float32    mV, measurement path, zero not moved
        ``template_marks``        record, lead, mark   float64    marks in each lead, s relative to the R peak
        ``template_global``       record, mark         float64    global marks, s relative to the R peak
        ``template_class``        record               int8       class it represents
        ``template_beats``        record               int32      beats it was made of; 0: none, all NaN
        ========================  ===================  =========  ==================================================
    quality
        Per record and lead, dims ``(record, lead)``.

        ========================  ===================  =========  ==================================================
        ``lead_quality``          record, lead         float32    0 (useless) to 1
        ``lead_flags``            record, lead         uint16     bits in the order of `vocabulary.QUALITY_FLAGS`
        ``record_quality``        record               float32    0 to 1
        ``usable``                record               float32    share of the recording that can be measured, 0 to 1
        ``pace_spikes``           record               int32      pacing spikes found
        ``lead_reversal``         record               int8       electrodes that seem swapped: index into its attribute
                                                                  ``reversals``; 0: none
        ========================  ===================  =========  ==================================================
    """

    beats: xr.Dataset
    template: xr.Dataset
    quality: xr.Dataset

    def _repr_html_(self) -> str:
        from ecgomics.waves.picture import as_html

        return as_html(self)
