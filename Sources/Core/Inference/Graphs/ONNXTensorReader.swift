// Tensors of an ONNX file: their numbers lie as raw bytes, or one by one in the field of their type.
extension ONNXReader {
    static func tensor(_ message: ProtobufReader) throws(ModelRefused) -> ONNXTensor {
        var reader = message
        var tensor = ONNXTensor()
        var dimensions: [Int64] = []
        var type: Int64 = 0
        var raw: ProtobufReader.Field?
        var (floats, doubles, ints, texts) = ([Float](), [Double](), [Int64](), [String]())
        while let field = try reader.next() {
            switch field.number {
            case 1: try reader.append(field, to: &dimensions)
            case 2: type = try reader.number(field)
            case 4: try reader.append(field, to: &floats)
            case 5, 7: try reader.append(field, to: &ints)
            case 6: texts.append(try reader.text(field, most: ONNXLimits.textBytes))
            case 8: tensor.name = try reader.text(field, most: ONNXLimits.nameBytes)
            case 9: raw = field
            case 10: try reader.append(field, to: &doubles)
            case 13: throw reader.refused(field.start, "data in another file", "data inside of the model")
            case 14:
                guard try reader.number(field) == 0 else {
                    throw reader.refused(field.start, "data in another file", "data inside of the model")
                }
            default: break
            }
        }
        let place = "tensor '\(tensor.name)'"
        switch (type, raw) {
        case (1, nil): tensor.numbers = .floats(floats)
        case (1, let raw?):
            tensor.numbers = .floats(
                try reader.words(raw, of: 4).map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) })
        case (11, nil): tensor.numbers = .doubles(doubles)
        case (11, let raw?):
            tensor.numbers = .doubles(try reader.words(raw, of: 8).map(Double.init(bitPattern:)))
        case (2, nil), (6, nil), (7, nil), (9, nil): tensor.numbers = .ints(ints)
        case (6, let raw?):
            tensor.numbers = .ints(
                try reader.words(raw, of: 4).map { Int64(Int32(truncatingIfNeeded: $0)) })
        case (7, let raw?): tensor.numbers = .ints(try reader.words(raw, of: 8).map(Int64.init(bitPattern:)))
        case (2, let raw?): tensor.numbers = .ints(try reader.words(raw, of: 1).map { Int64($0) })
        case (9, let raw?): tensor.numbers = .ints(try reader.words(raw, of: 1).map { $0 == 0 ? 0 : 1 })
        case (8, nil): tensor.numbers = .texts(texts)
        default:
            throw ModelRefused(
                place, found: "data type \(type)",
                allowed: "float, double, uint8, int32, int64, bool and string")
        }
        tensor.dimensions = try shape(dimensions, place)
        let count = tensor.dimensions.reduce(1, *)
        guard tensor.numbers.count == count else {
            throw ModelRefused(
                place, found: "\(tensor.numbers.count) numbers", allowed: "\(count), as its dimensions say")
        }
        return tensor
    }

    private static func shape(_ dimensions: [Int64], _ place: String) throws(ModelRefused) -> [Int] {
        guard dimensions.count <= ONNXLimits.rank else {
            throw ModelRefused(
                place, found: "\(dimensions.count) dimensions", allowed: "up to \(ONNXLimits.rank)")
        }
        var count = 1
        for dimension in dimensions {
            guard (0...Int64(ONNXLimits.elements)).contains(dimension),
                count * Int(dimension) <= ONNXLimits.elements
            else {
                throw ModelRefused(
                    place, found: "dimensions \(dimensions)",
                    allowed: "up to \(ONNXLimits.elements) elements in all")
            }
            count *= Int(dimension)
        }
        return dimensions.map { Int($0) }
    }
}
