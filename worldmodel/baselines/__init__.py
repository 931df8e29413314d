"""The models that S2RM is compared with, behind the same contract."""
