"""One experiment: config, recipe, data, model, fit, evaluate, write.

Rooms below it read no config: they take plain arguments.
"""
