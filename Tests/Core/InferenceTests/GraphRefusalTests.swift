// Graphs that are not taken: each with its place and its reason, and nothing else happens.
import AllocationCounter
import CSIMD
import Foundation
import GraphInvariants
import Inference
import Testing
import Units

private typealias W = ONNXWriter

@Suite struct GraphRefusalTests {
    private static func one(
        _ node: [UInt8], type: Int64 = 1, _ shape: [Int64] = [-1, 4], constants: [[UInt8]] = [],
        version: Int64 = 8, opset: Int64 = 17
    ) -> [UInt8] {
        W.model(
            W.graph([node], inputs: [W.value("x", type: type, shape)], constants: constants),
            version: version, opset: opset)
    }

    private static let relu = W.node("Relu", ["x"], ["y"])

    static let refused: [(name: String, model: [UInt8], says: String)] = {
        var all: [(name: String, model: [UInt8], says: String)] = []
        func add(_ name: String, _ model: [UInt8], _ says: String) { all.append((name, model, says)) }
        add("empty", [], "no graph")
        add("another file", Array("tree\nversion=v4\n".utf8), "byte 0")
        add("an old version", one(relu, version: 2), "ir_version: found 2")
        add("a new version", one(relu, version: 99), "ir_version: found 99")
        add("old operators", one(relu, opset: 5), "opset_import of ai.onnx: found 5")
        add("new operators", one(relu, opset: 99), "opset_import of ai.onnx: found 99")
        add(
            "an unknown operator", one(W.node("Conv", ["x"], ["y"])),
            "node 0 (Conv): found an operator that is not known here"
        )
        add(
            "an unknown domain", one(W.node("Relu", ["x"], ["y"], domain: "com.example")),
            "found an operator of 'com.example'"
        )
        add(
            "an unknown attribute", one(W.node("Relu", ["x"], ["y"], ["alpha": .float(1)])),
            "attribute 'alpha': found one that is not known"
        )
        add(
            "an attribute of another type", one(W.node("Softmax", ["x"], ["y"], ["axis": .float(1)])),
            "attribute 'axis': found another type"
        )
        add(
            "a value that nobody makes", one(W.node("Add", ["x", "z"], ["y"])),
            "found input 'z', which no earlier node makes"
        )
        add(
            "a circle",
            W.model(
                W.graph(
                    [
                        W.node("Add", ["x", "b"], ["a"]), W.node("Relu", ["a"], ["b"]),
                        W.node("Relu", ["b"], ["y"]),
                    ], inputs: [W.value("x", [-1, 4])])),
            "node 0 (Add): found input 'b', which no earlier node makes"
        )
        add(
            "two values of one name",
            W.model(W.graph([relu, W.node("Exp", ["x"], ["y"])], inputs: [W.value("x", [-1, 4])])),
            "found a second value 'y'"
        )
        add(
            "an output that nobody makes", one(W.node("Relu", ["x"], ["z"])),
            "output 'y': found no node that makes it"
        )
        add("strings", one(relu, type: 8), "input 'x': found strings")
        add("a free dimension", one(relu, [-1, -1]), "input 'x': found a free dimension besides the first")
        add("a single number", one(relu, []), "input 'x': found a single number")
        add("a huge row", one(relu, [-1, 4_000_000]), "found 4000000 elements")
        add(
            "a sum over rows", one(W.node("ReduceMean", ["x"], ["y"], ["axes": .ints([0])])),
            "the dimension of the rows"
        )
        add(
            "rows that move", one(W.node("Transpose", ["x"], ["y"], ["perm": .ints([1, 0])])),
            "the rows first"
        )
        add(
            "rows that are split",
            one(W.node("Reshape", ["x", "s"], ["y"]), constants: [W.tensor("s", ints: [-1, 2])]),
            "shape [-1, 2] for [rows, 4]"
        )
        add(
            "shapes that do not fit",
            one(W.node("Add", ["x", "c"], ["y"]), constants: [W.tensor("c", [3], floats: [1, 2, 3])]),
            "found shapes [rows, 4] and [3]"
        )
        add(
            "types that do not fit",
            one(W.node("Add", ["x", "c"], ["y"]), constants: [W.tensor("c", ints: [1])]),
            "found float and whole numbers"
        )
        add(
            "a matrix that does not fit",
            one(
                W.node("MatMul", ["x", "c"], ["y"]), constants: [W.tensor("c", [3, 1], floats: [1, 2, 3])]),
            "float [rows, 4] times float [3, 1]"
        )
        add(
            "a tensor that lacks numbers", one(relu, constants: [W.tensor("c", [3], floats: [1, 2])]),
            "tensor 'c': found 2 numbers; allowed: 3"
        )
        add(
            "a tensor too large",
            one(relu, constants: [W.tensor("c", [1 << 20, 1 << 20, 1 << 20], floats: [])]),
            "found dimensions [1048576, 1048576, 1048576]"
        )
        add(
            "data elsewhere", one(relu, constants: [W.number(2, 1) + W.text(8, "c") + W.number(14, 1)]),
            "found data in another file"
        )
        add(
            "an index outside",
            one(
                W.node("Gather", ["x", "i"], ["y"], ["axis": .int(1)]), constants: [W.tensor("i", ints: [4])]),
            "input 1: found 4; allowed: -4 to 3"
        )
        add(
            "a threshold that is none",
            one(
                W.node(
                    "TreeEnsembleRegressor", ["x"], ["y"], domain: "ai.onnx.ml",
                    [
                        "nodes_treeids": .ints([0, 0, 0]), "nodes_nodeids": .ints([0, 1, 2]),
                        "nodes_featureids": .ints([0, 0, 0]),
                        "nodes_values": .floats([.nan, 0, 0]),
                        "nodes_modes": .texts(["BRANCH_LEQ", "LEAF", "LEAF"]),
                        "nodes_truenodeids": .ints([1, 0, 0]), "nodes_falsenodeids": .ints([2, 0, 0]),
                        "target_treeids": .ints([0, 0]), "target_nodeids": .ints([1, 2]),
                        "target_ids": .ints([0, 0]),
                        "target_weights": .floats([1, 2]),
                    ])), "tree 0, node 0: threshold: found NaN"
        )
        add(
            "a tree in a circle",
            one(
                W.node(
                    "TreeEnsembleRegressor", ["x"], ["y"], domain: "ai.onnx.ml",
                    [
                        "nodes_treeids": .ints([0, 0, 0]), "nodes_nodeids": .ints([0, 1, 2]),
                        "nodes_featureids": .ints([0, 0, 0]),
                        "nodes_values": .floats([1, 2, 0]),
                        "nodes_modes": .texts(["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"]),
                        "nodes_truenodeids": .ints([1, 0, 0]), "nodes_falsenodeids": .ints([2, 2, 0]),
                        "target_treeids": .ints([0]), "target_nodeids": .ints([2]), "target_ids": .ints([0]),
                        "target_weights": .floats([1]),
                    ])), "tree 0: found node 0 twice: a circle?"
        )
        return all
    }()
    @Test(arguments: refused.map(\.name))
    func isRefused(name: String) throws {
        let one = try #require(Self.refused.first { $0.name == name })
        let error = #expect(throws: ModelRefused.self) { try GraphProgram.read(one.model) }
        let text = error.map { "\($0)" } ?? "nothing"
        #expect(text.contains(one.says), "\(text)")
    }

    /// Cut off anywhere, a model is refused; and with any byte changed, it is refused or runs.
    @Test func damageIsSeenOrHarmless() throws {
        let whole = W.network
        for count in whole.indices {
            #expect(throws: ModelRefused.self, "cut to \(count) bytes") {
                try GraphProgram.read(Array(whole[..<count]))
            }
        }
        let seed = UInt64.random(in: 1...1_000_000)
        var random = Randomness(seed: seed)
        var ran = 0
        for place in whole.indices {
            var changed = whole
            changed[place] ^= UInt8(truncatingIfNeeded: random.next(below: 255) + 1)
            guard let program = try? GraphProgram.read(changed) else { continue }
            run(program)
            ran += 1
        }
        #expect(ran > 50, "seed \(seed)")
    }

    private func run(_ program: GraphProgram) {
        var workspace = GraphWorkspace(for: program)
        let rows = (0..<3 * program.inputWidth).map { Float($0 % 5) }
        var results = [Float](repeating: 0, count: 3 * program.outputWidth)
        var span = results.mutableSpan
        workspace.run(program, rows: rows.span, results: &span)
    }

    @Test func theFuzzersCorpusBreaksNothing() throws {
        let corpus = ModelOracle.root.appending(path: "Tests/Fuzz/Corpus/onnx")
        let files = try FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)
        #expect(files.count > 20, "the corpus is not at \(corpus.path())")
        for file in files {
            let violation = try Data(contentsOf: file).withUnsafeBytes { GraphInvariants.violation($0) }
            #expect(violation == nil, "\(file.lastPathComponent)")
        }
    }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func runningAllocatesNothing() throws {
        let program = try GraphProgram.read(W.network)
        var workspace = GraphWorkspace(for: program)
        let rows = (0..<130 * program.inputWidth).map { Float($0 % 3) }
        var results = [Float](repeating: 0, count: 130 * program.outputWidth)
        // The first call may make what the runtime makes once.
        for isWarm in [false, true] {
            let before = allocations_of_thread()
            var span = results.mutableSpan
            workspace.run(program, rows: rows.span, results: &span)
            let after = allocations_of_thread()
            if isWarm { #expect(after == before) }
        }
    }

    /// A row with a category that the model does not know has no result, and its neighbours have theirs.
    @Test func oneRowWithoutAResult() throws {
        let program = try GraphProgram.read(W.network)
        #expect(program.inputs.map(\.width) == [4, 1] && program.inputs.map(\.isWhole) == [false, true])
        var workspace = GraphWorkspace(for: program)
        let rows: [Float] =
            [1, 2, 3, 4, 0] + [1, 2, 3, 4, 7] + [1, 2, 3, 4, 0.5] + [1, 2, 3, 4, .nan] + [1, 2, 3, 4, -1]
        var results = [Float](repeating: 0, count: 5)
        var span = results.mutableSpan
        workspace.run(program, rows: rows.span, results: &span)
        #expect(results.map(\.isNaN) == [false, true, true, true, false], "\(results)")
    }

    /// Every variant of the dense kernels gives the portable one's bits, for all heights and widths of its
    /// tiles.
    @Test func denseLayersHaveTheSameBits() {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = Randomness(seed: seed)
        for round in 0..<120 {
            let (count, depth, width) = (1 + round % 19, random.next(in: 1...70), random.next(in: 1...100))
            let panels = (width + 15) / 16
            func numbers(_ count: Int) -> [Float] {
                (0..<count).map { _ in
                    // Of sizes far apart, so that sums round; now and then none at all.
                    random.next(below: 400) == 0
                        ? .infinity
                        : Float(random.nextUnit() - 0.5)
                            * Float(sign: .plus, exponent: random.next(in: -20...20), significand: 1)
                }
            }
            let (rows, bias, matrix) = (
                numbers(count * depth), numbers(panels * 16), numbers(panels * 16 * depth)
            )
            var results: [[UInt32]] = []
            for variant in [CSIMD_PORTABLE, CSIMD_AVX2, CSIMD_AVX512] where csimd_dense_runs(variant) {
                var out = [Float](repeating: 0, count: count * width)
                csimd_dense_by(variant, rows, count, depth, matrix, width, bias, round % 2 == 0, &out)
                results.append(out.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern })
            }
            for other in results.dropFirst() {
                #expect(other == results[0], "seed \(seed), \(count)x\(depth)x\(width)")
            }
        }
    }
}
