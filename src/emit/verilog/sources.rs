//! The hand-written Verilog, by file name.

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        /// Every file of `rtl/` with its text.
        pub const SOURCES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../rtl/", $name)))),*];
    };
}

sources![
    "accumulator.v",
    "axi_burst_split.v",
    "axi_read.v",
    "axi_write.v",
    "block_arbiter.v",
    "control_registers.v",
    "descriptor.vh",
    "dma.v",
    "domain.v",
    "domain_bank.v",
    "dot_product.v",
    "drain.v",
    "dual_port_ram.v",
    "fetch.v",
    "fetch_walk.v",
    "lane.v",
    "lanes.vh",
    "loader.v",
    "lutram_fifo.v",
    "mac_array.v",
    "operand_skew.v",
    "output_lanes.v",
    "owner_table.v",
    "pass_control.v",
    "plane_channel.v",
    "plane_control.v",
    "plane_engine.v",
    "plane_feed.v",
    "plane_parameters.v",
    "plane_window.v",
    "queue.v",
    "registers.vh",
    "residual_reader.v",
    "seigo.v",
    "shared_memory.v",
    "splitter.v",
    "status.vh",
    "stem_image.v",
    "stem_patches.v",
    "stem_unit.v",
    "stem_window.v",
    "stream_ring.v",
    "weight_shadow.v",
    "writeback.v",
];

#[cfg(test)]
mod tests {
    use super::SOURCES;

    #[test]
    fn every_file_of_the_folder_is_listed() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".v") || name.ends_with(".vh"))
            .collect();
        names.sort();
        let listed: Vec<_> = SOURCES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, listed);
    }
}
