// What comes out of a chunked body, by each of the ways to read one.
import HTTP

struct ChunkFacts: Equatable {
    var data: [UInt8] = []
    /// Bytes of the input that belong to the body.
    var used = 0
    var end = ChunkEvent.needsMore

    /// As events, from bytes that arrive in pieces.
    static func read(_ bytes: [UInt8], ends: [Int], bodyBytesMax: Int) -> ChunkFacts {
        var facts = ChunkFacts()
        var decoder = ChunkedDecoder(bodyBytesMax: bodyBytesMax)
        arriving(bytes, ends: ends) { arrived in
            while true {
                switch decoder.next(arrived, at: &facts.used) {
                case .data(let data):
                    for index in data.indices {
                        facts.data.append(arrived.unsafeLoad(fromByteOffset: index, as: UInt8.self))
                    }
                case .needsMore: return false
                case let end:
                    facts.end = end
                    return true
                }
            }
        }
        return facts
    }

    /// In the memory that the input lies in.
    static func readInPlace(_ bytes: [UInt8], bodyBytesMax: Int) -> ChunkFacts {
        var memory = bytes
        var decoder = ChunkedDecoder(bodyBytesMax: bodyBytesMax)
        let step = memory.withUnsafeMutableBytes { decoder.decode(UnsafeRawBufferPointer($0), into: $0) }
        return ChunkFacts(data: Array(memory[..<step.produced]), used: step.consumed, end: event(step.state))
    }

    /// Into a few bytes of room, again and again.
    static func readNarrow(_ bytes: [UInt8], room: Int, bodyBytesMax: Int) -> ChunkFacts {
        var facts = ChunkFacts()
        var decoder = ChunkedDecoder(bodyBytesMax: bodyBytesMax)
        while true {
            var output = [UInt8](repeating: 0, count: room)
            let step = bytes.withUnsafeBytes { input in
                output.withUnsafeMutableBytes {
                    decoder.decode(UnsafeRawBufferPointer(rebasing: input[facts.used...]), into: $0)
                }
            }
            facts.used += step.consumed
            facts.data += output[..<step.produced]
            if step.state != .outputFull {
                facts.end = event(step.state)
                return facts
            }
        }
    }

    private static func event(_ state: ChunkStep.State) -> ChunkEvent {
        switch state {
        case .needsMore, .outputFull: .needsMore
        case .complete: .complete
        case .refused(let refusal): .refused(refusal)
        }
    }
}
