#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| seigo_fuzz::readers::run("program", bytes));
