//! The canvas: choosing, moving, copying, linking, arranging.
