"""World models of SMAC battles that learn from partial local views: S2RM and the models it is compared with."""
