// Error codes, who causes an error, and the bits of the causes of stalls; docs/registers.md says what
// they mean.
// Generated from src/compile/border by `make generate`.
// Included inside of modules, none of which uses all of it.

/* verilator lint_off UNUSEDPARAM */
localparam [7:0] ErrorDescriptor = 8'd1;
localparam [7:0] ErrorChecksum = 8'd2;
localparam [7:0] ErrorOwner = 8'd3;
localparam [7:0] ErrorAccess = 8'd4;
localparam [7:0] ErrorRead = 8'd5;
localparam [7:0] ErrorWrite = 8'd6;

localparam [7:0] ClientConvolution = 8'd0;  // convolution write-back
localparam [7:0] ClientPlane = 8'd1;  // plane engine write-back
localparam [7:0] ClientResidual = 8'd2;  // residual reader
localparam [7:0] ClientDma = 8'd3;  // DMA
localparam [7:0] ClientWindow = 8'd4;  // memory window
localparam [7:0] ClientFetch = 8'd5;  // input fetch
localparam [7:0] ClientTable = 8'd6;  // owner table

localparam [7:0] ReaderImage = 8'd0;  // image
localparam [7:0] ReaderStream = 8'd1;  // weight stream
localparam [7:0] ReaderDma = 8'd2;  // DMA

localparam Stalls = 6;
localparam StallStream = 0;  // weights
localparam StallLanes = 1;  // lanes
localparam StallPort = 2;  // port
localparam StallImage = 3;  // image
localparam StallPlane = 4;  // plane engine
localparam StallBank = 5;  // banks
/* verilator lint_on UNUSEDPARAM */
