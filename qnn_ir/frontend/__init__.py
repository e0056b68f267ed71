"""Entrances to the compiler: each turns a foreign model into a module of the `qnn` dialect."""
