"""`make prove`: trust is shown, not claimed. Each module part_* here is one part; `frame` says what a part is."""
