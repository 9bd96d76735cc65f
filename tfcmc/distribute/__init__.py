"""Several devices and machines: strategies, replicas, how machines meet."""
