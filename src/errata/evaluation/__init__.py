"""How good a model is, with intervals: metrics over verdicts, their uncertainty, and the page that shows them."""
