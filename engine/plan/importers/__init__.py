"""Other programs' drawings as plans of ours: pure functions from a drawing's bytes to the members of a plan.geojson."""
