"""What is trained where nobody says otherwise. Nothing is imported, so that anyone can ask."""

from typing import Final

MODEL_NAME: Final = "LogisticsDelayModel"
SAMPLE_FILE: Final = "shipments.csv"
DEFAULT_ROWS: Final = 40_000
DEFAULT_SEED: Final = 7
