//! The inspector: forms, expressions, mapping; Problems and their fixes.
