"""One experiment: config, recipe, data, model, fit, evaluate, write.

The only room that knows names and specs.
"""
