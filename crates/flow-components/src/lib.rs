//! flow-components
