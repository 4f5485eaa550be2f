"""Golden files: models that earlier versions saved, and what they predicted.

`python tests/saved/golden.py` writes those of models that have none; one that exists is never
written again, since later versions must read it as it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "golden"


def told(model: Any, rows: Any) -> dict[str, Any]:
    """Predictions, by method, as JSON."""
    methods = ("predict", "predict_proba", "decision_function")
    values = {name: getattr(model, name)(rows) for name in methods if hasattr(model, name)}
    return {
        name: [part.tolist() for part in value] if isinstance(value, list) else value.tolist()
        for name, value in values.items()
    }


def files_of(name: str) -> tuple[Path, Path]:
    """The model's file, and that of its predictions."""
    stem = name.replace(" ", "-")
    return FOLDER / f"{stem}.safetensors", FOLDER / f"{stem}.json"


def main() -> None:
    from saved.models import all_models

    FOLDER.mkdir(exist_ok=True)
    for name, (make, rows_of) in all_models().items():
        file, predictions = files_of(name)
        if file.exists():
            continue
        model = make()
        model.save(file)
        predictions.write_text(json.dumps(told(model, rows_of()), separators=(",", ":")) + "\n")
        print(f"{name}: {np.ceil(file.stat().st_size / 1024):.0f} KB")


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(FOLDER.parent.parent))
    main()
