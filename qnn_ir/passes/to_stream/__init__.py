"""How tensor operators become actors: one lowering per operator, and the order in which elements travel."""
