// From the bytes of an ONNX file to what it says, whole or not at all. What cannot be used here is refused
// where it stands: graphs inside of attributes, functions, data that lies in other files, tensors of other
// types.

struct ONNXReader {
    static func read(_ bytes: [UInt8]) throws(ModelRefused) -> ONNXModel {
        guard bytes.count <= ONNXLimits.bytes else {
            throw ModelRefused(
                "", found: "\(bytes.count) bytes", allowed: "up to \(ONNXLimits.bytes)")
        }
        var reader = ProtobufReader(bytes)
        var model = ONNXModel()
        var version: Int64?
        var hasGraph = false
        while let field = try reader.next() {
            switch field.number {
            case 1: version = try reader.number(field)
            case 2: model.producer = try reader.text(field, most: ONNXLimits.textBytes)
            case 7:
                guard !hasGraph else { throw reader.refused(field.start, "a second graph", "one") }
                hasGraph = true
                do { model.graph = try graph(reader.message(field)) } catch { throw error.within("graph") }
            case 8:
                let (domain, number) = try operatorSet(reader.message(field))
                // Writers say the same twice.
                guard [nil, number].contains(model.opsets.updateValue(number, forKey: domain)) else {
                    throw reader.refused(field.start, "a second version of operators '\(domain)'", "one")
                }
            case 20: throw reader.refused(field.start, "training information", "a model for inference")
            case 25: throw reader.refused(field.start, "functions", "operators of ONNX alone: inline them")
            default: break
            }
        }
        guard hasGraph else { throw ModelRefused("", found: "no graph", allowed: "an ONNX model") }
        guard let version, ONNXLimits.irVersions.contains(version) else {
            throw ModelRefused(
                "ir_version", found: version.map(String.init) ?? "none", allowed: text(ONNXLimits.irVersions))
        }
        try check(model.opsets[""] ?? model.opsets["ai.onnx"], ONNXLimits.opsets, "ai.onnx", isNeeded: true)
        try check(
            model.opsets[ONNXLimits.mlDomain], ONNXLimits.mlOpsets, ONNXLimits.mlDomain, isNeeded: false)
        model.opsets[""] = model.opsets[""] ?? model.opsets["ai.onnx"]
        return model
    }

    private static func text(_ range: ClosedRange<Int64>) -> String {
        "\(range.lowerBound) to \(range.upperBound)"
    }

    private static func check(
        _ version: Int64?, _ range: ClosedRange<Int64>, _ domain: String, isNeeded: Bool
    ) throws(ModelRefused) {
        if version == nil, !isNeeded { return }
        guard let version, range.contains(version) else {
            throw ModelRefused(
                "opset_import of \(domain)", found: version.map(String.init) ?? "none",
                allowed: "\(text(range)): convert it to one of these")
        }
    }

    private static func operatorSet(_ message: ProtobufReader) throws(ModelRefused) -> (String, Int64) {
        var reader = message
        var (domain, version) = ("", Int64(0))
        while let field = try reader.next() {
            switch field.number {
            case 1: domain = try reader.text(field, most: ONNXLimits.nameBytes)
            case 2: version = try reader.number(field)
            default: break
            }
        }
        return (domain, version)
    }

    private static func graph(_ message: ProtobufReader) throws(ModelRefused) -> ONNXGraph {
        var reader = message
        var graph = ONNXGraph()
        func room(_ count: Int, _ most: Int, _ what: String, _ at: Int) throws(ModelRefused) {
            guard count < most else { throw reader.refused(at, "more than \(most) \(what)", "up to that") }
        }
        while let field = try reader.next() {
            switch field.number {
            case 1:
                try room(graph.nodes.count, ONNXLimits.nodes, "nodes", field.start)
                do { graph.nodes.append(try node(reader.message(field))) } catch {
                    throw error.within("node \(graph.nodes.count)")
                }
            case 2: graph.name = try reader.text(field, most: ONNXLimits.textBytes)
            case 5:
                try room(graph.initializers.count, ONNXLimits.tensors, "initializers", field.start)
                do { graph.initializers.append(try tensor(reader.message(field))) } catch {
                    throw error.within("initializer \(graph.initializers.count)")
                }
            case 11:
                try room(graph.inputs.count, ONNXLimits.places, "inputs", field.start)
                graph.inputs.append(try valueInfo(reader.message(field)))
            case 12:
                try room(graph.outputs.count, ONNXLimits.places, "outputs", field.start)
                graph.outputs.append(try valueInfo(reader.message(field)))
            case 15: throw reader.refused(field.start, "a sparse initializer", "dense ones")
            default: break
            }
        }
        return graph
    }

    private static func node(_ message: ProtobufReader) throws(ModelRefused) -> ONNXNode {
        var reader = message
        var node = ONNXNode()
        while let field = try reader.next() {
            switch field.number {
            case 1, 2:
                guard node.inputs.count + node.outputs.count < ONNXLimits.places else {
                    throw reader.refused(
                        field.start, "more than \(ONNXLimits.places) inputs and outputs", "up to that")
                }
                let name = try reader.text(field, most: ONNXLimits.nameBytes)
                if field.number == 1 { node.inputs.append(name) } else { node.outputs.append(name) }
            case 3: node.name = try reader.text(field, most: ONNXLimits.nameBytes)
            case 4: node.operation = try reader.text(field, most: ONNXLimits.nameBytes)
            case 5:
                guard node.attributes.count < ONNXLimits.attributes else {
                    throw reader.refused(
                        field.start, "more than \(ONNXLimits.attributes) attributes", "up to that")
                }
                let (name, value) = try attribute(reader.message(field))
                guard node.attributes.updateValue(value, forKey: name) == nil else {
                    throw reader.refused(field.start, "a second attribute '\(name)'", "one")
                }
            case 7: node.domain = try reader.text(field, most: ONNXLimits.nameBytes)
            default: break
            }
        }
        if node.domain == "ai.onnx" { node.domain = "" }
        return node
    }

    /// What an attribute holds is told by its type, or by the one field that it has.
    private static func attribute(_ message: ProtobufReader) throws(ModelRefused) -> (String, ONNXAttribute) {
        var reader = message
        var name = ""
        var value: ONNXAttribute?
        var type: Int64 = 0
        var (floats, ints, texts) = ([Float](), [Int64](), [String]())
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.text(field, most: ONNXLimits.nameBytes)
            case 2: value = .float(try reader.float(field))
            case 3: value = .int(try reader.number(field))
            case 4: value = .text(try reader.text(field, most: ONNXLimits.textBytes))
            case 5:
                do { value = .tensor(try tensor(reader.message(field))) } catch {
                    throw error.within("attribute '\(name)'")
                }
            case 7: try reader.append(field, to: &floats)
            case 8: try reader.append(field, to: &ints)
            case 9: texts.append(try reader.text(field, most: ONNXLimits.textBytes))
            case 6, 11:
                throw reader.refused(field.start, "a graph as attribute '\(name)'", "no control flow")
            case 10, 22, 23:
                throw reader.refused(field.start, "tensors as attribute '\(name)'", "one dense tensor")
            case 20: type = try reader.number(field)
            case 21: throw reader.refused(field.start, "attribute '\(name)' of a function", "a value")
            default: break
            }
        }
        switch type {
        case 6: value = .floats(floats)
        case 7: value = .ints(ints)
        case 8: value = .texts(texts)
        default:
            // Writers leave out a value that is zero.
            if value == nil, type == 1 { value = .float(0) }
            if value == nil, type == 2 { value = .int(0) }
            if value == nil, type == 3 { value = .text("") }
            if value == nil, !floats.isEmpty { value = .floats(floats) }
            if value == nil, !ints.isEmpty { value = .ints(ints) }
            if value == nil, !texts.isEmpty { value = .texts(texts) }
        }
        guard let value else {
            throw ModelRefused("attribute '\(name)'", found: "no value", allowed: "one")
        }
        return (name, value)
    }

    private static func valueInfo(_ message: ProtobufReader) throws(ModelRefused) -> ONNXValueInfo {
        var reader = message
        var info = ONNXValueInfo()
        while let field = try reader.next() {
            switch field.number {
            case 1: info.name = try reader.text(field, most: ONNXLimits.nameBytes)
            case 2:
                var type = try reader.message(field)
                while let kind = try type.next() {
                    if kind.number == 1 { try tensorType(type.message(kind), &info) }
                }
            default: break
            }
        }
        return info
    }

    private static func tensorType(
        _ message: ProtobufReader, _ info: inout ONNXValueInfo
    ) throws(ModelRefused) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: info.elementType = try reader.number(field)
            case 2:
                var shape = try reader.message(field)
                var dimensions: [Int] = []
                while let part = try shape.next() {
                    guard part.number == 1 else { continue }
                    guard dimensions.count < ONNXLimits.rank else {
                        throw shape.refused(
                            part.start, "more than \(ONNXLimits.rank) dimensions", "up to that")
                    }
                    var dimension = try shape.message(part)
                    var size = -1
                    while let detail = try dimension.next() {
                        guard detail.number == 1 else { continue }
                        let number = try dimension.number(detail)
                        guard (0...Int64(ONNXLimits.elements)).contains(number) else {
                            throw dimension.refused(
                                detail.start, "dimension \(number)", "0 to \(ONNXLimits.elements)")
                        }
                        size = Int(number)
                    }
                    dimensions.append(size)
                }
                info.dimensions = dimensions
            default: break
            }
        }
    }
}
