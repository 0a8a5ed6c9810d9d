"""The paper's protocol and its report."""
