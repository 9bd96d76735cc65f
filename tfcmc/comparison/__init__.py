"""Every loss with every seed on equal terms: runs, table, figures, report."""
