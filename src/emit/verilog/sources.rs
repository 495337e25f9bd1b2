//! The hand-written Verilog, by file name.

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        /// Every file of `rtl/` with its text.
        pub const SOURCES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../rtl/", $name)))),*];
    };
}

sources![
    "seigo_accumulator.v",
    "seigo_align.v",
    "seigo_axi_burst_split.v",
    "seigo_axi_read.v",
    "seigo_axi_write.v",
    "seigo_block_arbiter.v",
    "seigo_control_registers.v",
    "seigo_core.v",
    "seigo_descriptor.vh",
    "seigo_dma.v",
    "seigo_domain.v",
    "seigo_domain_bank.v",
    "seigo_dot_pair.v",
    "seigo_dot_product.v",
    "seigo_drain.v",
    "seigo_dual_port_ram.v",
    "seigo_fetch.v",
    "seigo_fetch_walk.v",
    "seigo_finish.v",
    "seigo_joiner.v",
    "seigo_lane.v",
    "seigo_lane_rom.v",
    "seigo_lanes.vh",
    "seigo_loader.v",
    "seigo_lutram_fifo.v",
    "seigo_mac_array.v",
    "seigo_next_part.v",
    "seigo_operand_skew.v",
    "seigo_output_lanes.v",
    "seigo_owner_table.v",
    "seigo_parity_rows.v",
    "seigo_pass_control.v",
    "seigo_pass_products.v",
    "seigo_plane_channel.v",
    "seigo_plane_control.v",
    "seigo_plane_engine.v",
    "seigo_plane_feed.v",
    "seigo_plane_input.v",
    "seigo_plane_parameters.v",
    "seigo_plane_results.v",
    "seigo_plane_stages.v",
    "seigo_plane_window.v",
    "seigo_queue.v",
    "seigo_registers.vh",
    "seigo_residual_reader.v",
    "seigo_scatter.v",
    "seigo_shared_memory.v",
    "seigo_skid.v",
    "seigo_splitter.v",
    "seigo_status.vh",
    "seigo_stem_image.v",
    "seigo_stem_patches.v",
    "seigo_stem_unit.v",
    "seigo_stem_window.v",
    "seigo_store.v",
    "seigo_stream_ring.v",
    "seigo_weight_shadow.v",
    "seigo_writeback.v",
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
