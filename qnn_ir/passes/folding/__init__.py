"""How `stream-fold` sees a graph: edges that are padded together, and what each kind of actor may choose."""
