"""How each process of the stack is started; one module a part, in the order of a call's way."""
