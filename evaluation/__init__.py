"""How good a world model is: questions, metrics, reports, and battles to look at."""
