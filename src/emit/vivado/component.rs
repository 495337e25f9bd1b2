//! The accelerator as a packaged IP: `component.xml` by IEEE 1685-2009 with the vendor's extensions, of which the
//! catalog needs the families. Its files are those of the bundle's `rtl/`.

use crate::compile::boards::processor::{ZYNQ_7000, ZYNQ_ULTRA};
use crate::compile::border::ports::{CONTROL, PORTS, Port, gmem};
use crate::compile::border::registers::{Access, Bits, REGISTERS, Register, VERSION_VALUE, WINDOW};
use crate::emit::interfaces::{self, Interface, Mode};
use crate::emit::verilog::TOP;
use crate::emit::xml::Xml;

/// First three parts of the IP's name in a catalog.
pub const VENDOR: &str = "seigo";
/// See [`VENDOR`].
pub const LIBRARY: &str = "ip";
/// See [`VENDOR`].
pub const COMPONENT: &str = "seigo";

/// Name of the register block, and of its segment in a block design.
pub const BLOCK: &str = "reg0";

/// The file that draws the dialog of the IP, which has no parameters.
pub const DIALOG: &str = "xgui/seigo.tcl";

const NAMESPACES: [(&str, &str); 3] = [
    ("xmlns:xilinx", "http://www.xilinx.com"),
    ("xmlns:spirit", "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"),
    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
];

/// Views of the model: name, whom it is for.
const VIEWS: [(&str, &str); 2] = [
    ("xilinx_anylanguagesynthesis", ":vivado.xilinx.com:synthesis"),
    ("xilinx_anylanguagebehavioralsimulation", ":vivado.xilinx.com:simulation"),
];
const DIALOG_VIEW: &str = "xilinx_xpgui";

/// Version in the catalog: that of the register map, as a driver sees it.
pub fn version() -> String {
    format!("{VERSION_VALUE}.0")
}

/// The text of `component.xml`, with the Verilog files by their names in `rtl/`.
pub fn text(files: &[&str]) -> String {
    let mut xml = Xml::new();
    xml.element("spirit:component", &NAMESPACES, |xml| {
        xml.leaf("spirit:vendor", &[], VENDOR);
        xml.leaf("spirit:library", &[], LIBRARY);
        xml.leaf("spirit:name", &[], COMPONENT);
        xml.leaf("spirit:version", &[], &version());
        xml.element("spirit:busInterfaces", &[], bus_interfaces);
        xml.element("spirit:addressSpaces", &[], address_space);
        xml.element("spirit:memoryMaps", &[], memory_map);
        xml.element("spirit:model", &[], model);
        xml.element("spirit:fileSets", &[], |xml| file_sets(xml, files));
        xml.leaf("spirit:description", &[], "Accelerator for one quantized network, made by Seigo");
        xml.element("spirit:parameters", &[], |xml| {
            xml.element("spirit:parameter", &[], |xml| {
                xml.leaf("spirit:name", &[], "Component_Name");
                let how = [
                    ("spirit:resolve", "user"),
                    ("spirit:id", "PARAM_VALUE.Component_Name"),
                    ("spirit:order", "1"),
                ];
                xml.leaf("spirit:value", &how, COMPONENT);
            });
        });
        xml.element("spirit:vendorExtensions", &[], extensions);
    });
    xml.finish()
}

fn bus_interfaces(xml: &mut Xml) {
    for interface in interfaces::all() {
        xml.element("spirit:busInterface", &[], |xml| {
            xml.leaf("spirit:name", &[], interface.name);
            bus(xml, "spirit:busType", &interface, "");
            bus(xml, "spirit:abstractionType", &interface, "_rtl");
            let name = interface.name;
            match interface.mode {
                Mode::Master => xml.element("spirit:master", &[], |xml| {
                    let space = [("spirit:addressSpaceRef", name)];
                    xml.empty("spirit:addressSpaceRef", &space);
                }),
                Mode::Mapped => xml.element("spirit:slave", &[], |xml| {
                    xml.empty("spirit:memoryMapRef", &[("spirit:memoryMapRef", name)]);
                }),
                Mode::Slave => xml.empty("spirit:slave", &[]),
                Mode::Source => xml.empty("spirit:master", &[]),
            }
            xml.element("spirit:portMaps", &[], |xml| {
                for (logical, physical) in interface.ports() {
                    xml.element("spirit:portMap", &[], |xml| {
                        xml.element("spirit:logicalPort", &[], |xml| {
                            xml.leaf("spirit:name", &[], &logical);
                        });
                        xml.element("spirit:physicalPort", &[], |xml| {
                            xml.leaf("spirit:name", &[], physical);
                        });
                    });
                }
            });
            xml.element("spirit:parameters", &[], |xml| {
                for (parameter, value) in &interface.parameters {
                    let id = format!("BUSIFPARAM_VALUE.{}.{parameter}", name.to_uppercase());
                    xml.element("spirit:parameter", &[], |xml| {
                        xml.leaf("spirit:name", &[], parameter);
                        xml.leaf("spirit:value", &[("spirit:id", &id)], value);
                    });
                }
            });
        });
    }
}

fn bus(xml: &mut Xml, element: &str, interface: &Interface, suffix: &str) {
    let name = format!("{}{suffix}", interface.bus);
    let attributes = [
        ("spirit:vendor", "xilinx.com"),
        ("spirit:library", interface.library),
        ("spirit:name", name.as_str()),
        ("spirit:version", "1.0"),
    ];
    xml.empty(element, &attributes);
}

fn address_space(xml: &mut Xml) {
    xml.element("spirit:addressSpace", &[], |xml| {
        xml.leaf("spirit:name", &[], gmem::NAME);
        let range = format!("{}", 1u64 << gmem::ADDRESS_BITS);
        xml.leaf("spirit:range", &[], &range);
        xml.leaf("spirit:width", &[], &gmem::DATA_BITS.to_string());
    });
}

fn memory_map(xml: &mut Xml) {
    xml.element("spirit:memoryMap", &[], |xml| {
        xml.leaf("spirit:name", &[], CONTROL);
        xml.element("spirit:addressBlock", &[], |xml| {
            xml.leaf("spirit:name", &[], BLOCK);
            xml.leaf("spirit:baseAddress", &[], "0");
            xml.leaf("spirit:range", &[], &WINDOW.to_string());
            xml.leaf("spirit:width", &[], "32");
            xml.leaf("spirit:usage", &[], "register");
            xml.leaf("spirit:access", &[], "read-write");
            REGISTERS.iter().for_each(|register| self::register(xml, register));
        });
    });
}

fn register(xml: &mut Xml, register: &Register) {
    xml.element("spirit:register", &[], |xml| {
        xml.leaf("spirit:name", &[], register.name);
        xml.leaf("spirit:description", &[], register.meaning);
        xml.leaf("spirit:addressOffset", &[], &format!("{:#x}", register.offset));
        xml.leaf("spirit:size", &[], "32");
        let changes = register.fields.iter().any(|bits| bits.access != Access::ReadWrite);
        xml.leaf("spirit:volatile", &[], if changes { "true" } else { "false" });
        if let Some(reset) = register.reset {
            xml.element("spirit:reset", &[], |xml| {
                xml.leaf("spirit:value", &[], &format!("{reset:#x}"));
            });
        }
        register.fields.iter().for_each(|bits| field(xml, bits));
    });
}

fn field(xml: &mut Xml, bits: &Bits) {
    let (access, write, read) = match bits.access {
        Access::ReadWrite => ("read-write", None, None),
        Access::Read => ("read-only", None, None),
        Access::Pulse => ("write-only", None, None),
        Access::Set => ("read-write", Some("oneToSet"), None),
        Access::ReadClear => ("read-only", None, Some("clear")),
        Access::Toggle => ("read-write", Some("oneToToggle"), None),
    };
    xml.element("spirit:field", &[], |xml| {
        xml.leaf("spirit:name", &[], bits.name);
        xml.leaf("spirit:description", &[], bits.meaning);
        xml.leaf("spirit:bitOffset", &[], &bits.lsb.to_string());
        xml.leaf("spirit:bitWidth", &[], &bits.width.to_string());
        xml.leaf("spirit:access", &[], access);
        if let Some(write) = write {
            xml.leaf("spirit:modifiedWriteValue", &[], write);
        }
        if let Some(read) = read {
            xml.leaf("spirit:readAction", &[], read);
        }
    });
}

fn model(xml: &mut Xml) {
    xml.element("spirit:views", &[], |xml| {
        for (name, user) in VIEWS {
            xml.element("spirit:view", &[], |xml| {
                xml.leaf("spirit:name", &[], name);
                xml.leaf("spirit:envIdentifier", &[], user);
                xml.leaf("spirit:language", &[], "Verilog");
                xml.leaf("spirit:modelName", &[], TOP);
                file_set_reference(xml, name);
            });
        }
        xml.element("spirit:view", &[], |xml| {
            xml.leaf("spirit:name", &[], DIALOG_VIEW);
            xml.leaf("spirit:envIdentifier", &[], ":vivado.xilinx.com:xgui.ui");
            file_set_reference(xml, DIALOG_VIEW);
        });
    });
    xml.element("spirit:ports", &[], |xml| PORTS.iter().for_each(|port| self::port(xml, port)));
}

fn file_set_reference(xml: &mut Xml, view: &str) {
    xml.element("spirit:fileSetRef", &[], |xml| {
        xml.leaf("spirit:localName", &[], &format!("{view}_view_fileset"));
    });
}

fn port(xml: &mut Xml, port: &Port) {
    xml.element("spirit:port", &[], |xml| {
        xml.leaf("spirit:name", &[], port.name);
        xml.element("spirit:wire", &[], |xml| {
            xml.leaf("spirit:direction", &[], if port.input { "in" } else { "out" });
            if port.bits > 1 {
                xml.element("spirit:vector", &[], |xml| {
                    xml.leaf("spirit:left", &[], &(port.bits - 1).to_string());
                    xml.leaf("spirit:right", &[], "0");
                });
            }
            xml.element("spirit:wireTypeDefs", &[], |xml| {
                xml.element("spirit:wireTypeDef", &[], |xml| {
                    xml.leaf("spirit:typeName", &[], "wire");
                    for (view, _) in VIEWS {
                        xml.leaf("spirit:viewNameRef", &[], view);
                    }
                });
            });
        });
    });
}

fn file_sets(xml: &mut Xml, files: &[&str]) {
    for (view, _) in VIEWS {
        file_set(xml, view, |xml| {
            for name in files {
                xml.element("spirit:file", &[], |xml| {
                    xml.leaf("spirit:name", &[], &format!("../../rtl/{name}"));
                    xml.leaf("spirit:fileType", &[], "verilogSource");
                    if name.ends_with(".vh") {
                        xml.leaf("spirit:isIncludeFile", &[], "true");
                    }
                });
            }
        });
    }
    file_set(xml, DIALOG_VIEW, |xml| {
        xml.element("spirit:file", &[], |xml| {
            xml.leaf("spirit:name", &[], DIALOG);
            xml.leaf("spirit:fileType", &[], "tclSource");
            xml.leaf("spirit:userFileType", &[], "XGUI_VERSION_2");
        });
    });
}

fn file_set(xml: &mut Xml, view: &str, inside: impl FnOnce(&mut Xml)) {
    xml.element("spirit:fileSet", &[], |xml| {
        xml.leaf("spirit:name", &[], &format!("{view}_view_fileset"));
        inside(xml);
    });
}

fn extensions(xml: &mut Xml) {
    xml.element("xilinx:coreExtensions", &[], |xml| {
        xml.element("xilinx:supportedFamilies", &[], |xml| {
            for family in [ZYNQ_ULTRA.catalog, ZYNQ_7000.catalog] {
                xml.leaf("xilinx:family", &[("xilinx:lifeCycle", "Production")], family);
            }
        });
        xml.element("xilinx:taxonomies", &[], |xml| {
            xml.leaf("xilinx:taxonomy", &[], "/UserIP");
        });
        xml.leaf("xilinx:displayName", &[], "Seigo");
        xml.leaf("xilinx:definitionSource", &[], "package_project");
        xml.leaf("xilinx:coreRevision", &[], "1");
    });
}
