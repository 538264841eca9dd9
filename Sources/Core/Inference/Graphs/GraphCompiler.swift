// From what an ONNX file says to a program: names become values, each node the steps that do what it says.
// Shapes follow from the inputs' alone. The rows are the first dimension of the inputs and stay the first
// one: what would mix rows is refused, so that a row's result never depends on its neighbours.

extension GraphProgram {
    /// Reads an ONNX model, whole or not at all.
    public static func read(_ bytes: [UInt8]) throws(ModelRefused) -> GraphProgram {
        do {
            var compiler = GraphCompiler(try ONNXReader.read(bytes))
            return try compiler.program()
        } catch {
            throw error.onOneLine
        }
    }
}

extension ModelRefused {
    /// Names and lists come from the file: they may hold anything, and be long.
    fileprivate var onOneLine: ModelRefused {
        func shown(_ text: String) -> String {
            var line = ""
            for scalar in text.unicodeScalars.prefix(400) {
                let isControl =
                    scalar.properties.generalCategory == .control
                    || scalar.properties.isWhitespace && scalar != " "
                line.unicodeScalars.append(isControl ? "?" : scalar)
            }
            return text.unicodeScalars.count > 400 ? line + "…" : line
        }
        return ModelRefused(shown(place), found: shown(found), allowed: shown(allowed))
    }
}

struct GraphCompiler {
    private let model: ONNXModel
    var build: GraphBuilder
    /// How often a value is read, by its name: what is read once may be changed where it lies.
    private var uses: [String: Int] = [:]
    /// How many rows the file speaks of, where it names a number: it is free all the same.
    var declaredRows: Set<Int> = []

    init(_ model: ONNXModel) {
        self.model = model
        build = GraphBuilder(
            opset: model.opsets[""] ?? 0, mlOpset: model.opsets[ONNXLimits.mlDomain] ?? 0)
    }

    mutating func program() throws(ModelRefused) -> GraphProgram {
        let graph = model.graph
        for tensor in graph.initializers {
            do { try define(tensor.name, build.constant(tensor)) } catch {
                throw error.within("initializer '\(tensor.name)'")
            }
        }
        let inputs = try takeInputs()
        let needed = neededNodes()
        for (index, node) in graph.nodes.enumerated() where needed[index] {
            let name = node.name.isEmpty ? "" : " '\(node.name)'"
            do { try compile(node) } catch { throw error.within("node \(index)\(name) (\(node.operation))") }
        }
        var outputs: [(GraphOutput, GraphValue)] = []
        for output in graph.outputs {
            let place = "output '\(output.name)'"
            guard let value = build.values[output.name] else {
                throw ModelRefused(place, found: "no node that makes it", allowed: "a value of the graph")
            }
            guard value.shape.isBatched else {
                throw ModelRefused(place, found: "a constant", allowed: "a value that depends on the inputs")
            }
            outputs.append(
                (GraphOutput(name: output.name, width: value.shape.count, labels: value.labels), value))
        }
        guard !outputs.isEmpty else {
            throw ModelRefused("graph", found: "no outputs", allowed: "at least one")
        }
        return try build.program(inputs: inputs, outputs: outputs, producer: model.producer)
    }

    private mutating func takeInputs() throws(ModelRefused) -> [(GraphInput, GraphValue)] {
        var inputs: [(GraphInput, GraphValue)] = []
        // Initializers may be listed among the inputs: they stay constants.
        for input in model.graph.inputs where build.values[input.name]?.isConstant != true {
            let place = "input '\(input.name)'"
            let type: GraphType
            switch input.elementType {
            case 1: type = .float
            case 11: type = .double
            case 6, 7, 9: type = .int
            case 8:
                throw ModelRefused(
                    place, found: "strings", allowed: "numbers: give categories numbers before the model")
            default:
                throw ModelRefused(
                    place, found: "type \(input.elementType)",
                    allowed: "a tensor of float, double, int or bool")
            }
            guard let dimensions = input.dimensions, let rows = dimensions.first else {
                throw ModelRefused(
                    place, found: input.dimensions == nil ? "no shape" : "a single number",
                    allowed: "a shape whose first dimension is the rows")
            }
            guard dimensions.dropFirst().allSatisfy({ $0 > 0 }) else {
                throw ModelRefused(
                    place, found: "a free dimension besides the first one", allowed: "sizes of all others")
            }
            if rows > 0 { declaredRows.insert(rows) }
            let shape = GraphShape.batched(Array(dimensions.dropFirst()))
            do { try GraphLimits.check(elements: shape.count) } catch { throw error.within(place) }
            let value = GraphValue(type: type, shape: shape, operand: build.slot(type, shape.count))
            do { try define(input.name, value) } catch { throw error.within(place) }
            inputs.append((GraphInput(name: input.name, width: shape.count, isWhole: type == .int), value))
        }
        guard !inputs.isEmpty else {
            throw ModelRefused("graph", found: "no inputs", allowed: "at least one")
        }
        return inputs
    }

    /// The nodes that the outputs depend on; also counts how often values are read.
    private mutating func neededNodes() -> [Bool] {
        let nodes = model.graph.nodes
        var wanted = Set(model.graph.outputs.map(\.name))
        for name in wanted { uses[name, default: 0] += 1 }
        var needed = [Bool](repeating: false, count: nodes.count)
        for index in nodes.indices.reversed() where nodes[index].outputs.contains(where: wanted.contains) {
            needed[index] = true
            for name in nodes[index].inputs where !name.isEmpty {
                wanted.insert(name)
                uses[name, default: 0] += 1
            }
        }
        return needed
    }

    private mutating func define(_ name: String, _ value: GraphValue) throws(ModelRefused) {
        guard !name.isEmpty else {
            throw ModelRefused("", found: "a value without a name", allowed: "a name")
        }
        guard build.values.updateValue(value, forKey: name) == nil else {
            throw ModelRefused("", found: "a second value '\(name)'", allowed: "each name once")
        }
    }

    private mutating func compile(_ node: ONNXNode) throws(ModelRefused) {
        var call = GraphCall(node)
        for name in node.inputs {
            guard !name.isEmpty else {
                call.inputs.append(nil)
                continue
            }
            guard let value = build.values[name] else {
                throw ModelRefused(
                    "", found: "input '\(name)', which no earlier node makes",
                    allowed: "values that are known before: a graph without circles, in order")
            }
            call.inputs.append(value)
            call.isSole.append(uses[name] == 1)
        }
        let results: [GraphValue]
        switch node.domain {
        case "": results = try standard(&call)
        case ONNXLimits.mlDomain: results = try classical(&call)
        default:
            throw ModelRefused(
                "", found: "an operator of '\(node.domain)'", allowed: "ai.onnx and \(ONNXLimits.mlDomain)")
        }
        try call.checkAttributes()
        guard
            node.outputs.count <= results.count || node.outputs.dropFirst(results.count).allSatisfy(\.isEmpty)
        else {
            throw ModelRefused(
                "", found: "\(node.outputs.count) outputs",
                allowed: "up to \(results.count): the rest is for training")
        }
        for (name, value) in zip(node.outputs, results) where !name.isEmpty { try define(name, value) }
    }
}

/// The numbers of a tensor in an attribute, whatever their type.
func doubles(of tensor: ONNXTensor, _ place: String) throws(ModelRefused) -> [Double] {
    switch tensor.numbers {
    case .floats(let values): return values.map { Double($0) }
    case .doubles(let values): return values
    case .ints(let values): return values.map { Double($0) }
    case .texts: throw ModelRefused(place, found: "strings", allowed: "numbers")
    }
}

/// One node with what it is given.
struct GraphCall {
    let node: ONNXNode
    var inputs: [GraphValue?] = []
    /// For each input that is there, whether nothing else reads it.
    var isSole: [Bool] = []
    private var asked: Set<String> = []

    init(_ node: ONNXNode) { self.node = node }

    func input(_ index: Int) throws(ModelRefused) -> GraphValue {
        guard inputs.indices.contains(index), let value = inputs[index] else {
            throw ModelRefused("", found: "no input \(index)", allowed: "one")
        }
        guard value.shape.count > 0 else {
            throw ModelRefused("input \(index)", found: "an empty tensor", allowed: "at least one element")
        }
        return value
    }

    func optional(_ index: Int) -> GraphValue? { inputs.indices.contains(index) ? inputs[index] : nil }

    /// An input of numbers.
    func numbers(_ index: Int) throws(ModelRefused) -> GraphValue {
        let value = try input(index)
        guard value.type != .text else {
            throw ModelRefused("input \(index)", found: "strings", allowed: "numbers")
        }
        return value
    }

    private func wrong(_ name: String, _ allowed: String) -> ModelRefused {
        ModelRefused("attribute '\(name)'", found: "another type", allowed: allowed)
    }

    mutating func int(_ name: String, _ otherwise: Int64) throws(ModelRefused) -> Int64 {
        try optionalInt(name) ?? otherwise
    }

    mutating func optionalInt(_ name: String) throws(ModelRefused) -> Int64? {
        asked.insert(name)
        guard let value = node.attributes[name] else { return nil }
        guard case .int(let number) = value else { throw wrong(name, "a whole number") }
        return number
    }

    mutating func float(_ name: String, _ otherwise: Float) throws(ModelRefused) -> Float {
        asked.insert(name)
        guard let value = node.attributes[name] else { return otherwise }
        guard case .float(let number) = value else { throw wrong(name, "a number") }
        return number
    }

    mutating func text(_ name: String, _ otherwise: String) throws(ModelRefused) -> String {
        asked.insert(name)
        guard let value = node.attributes[name] else { return otherwise }
        guard case .text(let text) = value else { throw wrong(name, "a string") }
        return text
    }

    mutating func ints(_ name: String) throws(ModelRefused) -> [Int64]? {
        asked.insert(name)
        guard let value = node.attributes[name] else { return nil }
        guard case .ints(let numbers) = value else { throw wrong(name, "whole numbers") }
        return numbers
    }

    mutating func floats(_ name: String) throws(ModelRefused) -> [Float]? {
        asked.insert(name)
        guard let value = node.attributes[name] else { return nil }
        guard case .floats(let numbers) = value else { throw wrong(name, "numbers") }
        return numbers
    }

    mutating func texts(_ name: String) throws(ModelRefused) -> [String]? {
        asked.insert(name)
        guard let value = node.attributes[name] else { return nil }
        guard case .texts(let texts) = value else { throw wrong(name, "strings") }
        return texts
    }

    mutating func tensor(_ name: String) throws(ModelRefused) -> ONNXTensor? {
        asked.insert(name)
        guard let value = node.attributes[name] else { return nil }
        guard case .tensor(let tensor) = value else { throw wrong(name, "a tensor") }
        return tensor
    }

    /// An attribute whose every value means the same here.
    mutating func ignore(_ names: String...) { asked.formUnion(names) }

    /// What was not asked for is not understood.
    func checkAttributes() throws(ModelRefused) {
        if let name = node.attributes.keys.sorted().first(where: { !asked.contains($0) }) {
            throw ModelRefused(
                "attribute '\(name)'", found: "one that is not known here",
                allowed: asked.sorted().joined(separator: ", "))
        }
    }

    func axis(_ axis: Int64, _ rank: Int) throws(ModelRefused) -> Int {
        let place = axis < 0 ? axis + Int64(rank) : axis
        guard place >= 0, place < Int64(rank) else {
            throw ModelRefused("axis", found: "\(axis)", allowed: "\(-rank) to \(rank - 1)")
        }
        return Int(place)
    }

    /// An axis of the dimensions without the rows.
    func inner(_ axis: Int64, _ value: GraphValue) throws(ModelRefused) -> Int {
        let place = try self.axis(axis, value.shape.rank)
        guard value.shape.isBatched else { return place }
        guard place > 0 else {
            throw ModelRefused(
                "axis", found: "the dimension of the rows", allowed: "one that does not mix rows")
        }
        return place - 1
    }
}
