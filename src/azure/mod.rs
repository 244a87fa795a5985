//! Azure's vocabulary: ids, and the resources that the scanner reads.
//!
//! Both shapes of JSON, ARM's nested `properties` and the command line's flattened one, are parsed
//! here and nowhere else. Nothing here knows a file, a rule or another resource.

mod id;

pub use id::ResourceId;
