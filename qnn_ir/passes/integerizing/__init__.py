"""The rules of `qnn-integerize`, by family of operators."""
