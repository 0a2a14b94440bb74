"""The spool: checksummed frames in append-only files, one folder per server instance."""

from weighbridge_predictionlog.spool._frame import Damage, Frame
from weighbridge_predictionlog.spool._reader import SpoolReader
from weighbridge_predictionlog.spool._segment import SUFFIX as SEGMENT_SUFFIX
from weighbridge_predictionlog.spool._segment import Segment, list_segments
from weighbridge_predictionlog.spool._spool import Spool

__all__ = ["SEGMENT_SUFFIX", "Damage", "Frame", "Segment", "Spool", "SpoolReader", "list_segments"]
