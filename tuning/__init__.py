"""The commands of a search: `search` and `report`."""
