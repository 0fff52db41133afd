"""The papers, one plain function each."""
