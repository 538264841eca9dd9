// What must hold of the reader of replies for any bytes, however they come.
import Redis

public enum RedisInvariants {
    /// What is broken, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        let bytes = Array(input)
        return checkPieces(bytes) ?? checkWritten(bytes)
    }

    private struct Reading: Equatable {
        var isWhole = false
        var values: [RESPValue] = []
        var offset = 0
        var failure: RESPFailure?
    }

    private static var limits: RESPLimits {
        var limits = RESPLimits()
        // So low that inputs reach them.
        (limits.replyBytes, limits.values, limits.depth, limits.lineBytes) = (600, 60, 6, 40)
        return limits
    }

    /// Reads as the bytes come, up to each of these places.
    private static func read(_ bytes: [UInt8], upTo places: some Sequence<Int>) -> Reading {
        var reader = RESPReader(limits)
        var reading = Reading()
        for place in places {
            do {
                reading.isWhole = try reader.read(bytes.span.bytes.extracting(0..<place))
            } catch {
                reading.failure = error
            }
            if reading.isWhole || reading.failure != nil { break }
        }
        reading.values = reader.values
        reading.offset = reader.offset
        if reading.isWhole, let wrong = structure(reader, bytes) { fatalError(wrong) }
        return reading
    }

    /// The same whole, cut in two where the input says, and byte by byte.
    private static func checkPieces(_ bytes: [UInt8]) -> String? {
        guard !bytes.isEmpty else { return nil }
        let whole = read(bytes, upTo: [bytes.count])
        let cut = Int(bytes[bytes.count / 2]) % bytes.count
        if read(bytes, upTo: [cut, bytes.count]) != whole { return "cut at \(cut) it reads otherwise" }
        if read(bytes, upTo: 1...bytes.count) != whole { return "byte by byte it reads otherwise" }
        return nil
    }

    /// The values of a whole reply are one tree, whose texts lie inside of it.
    private static func structure(_ reader: RESPReader, _ bytes: [UInt8]) -> String? {
        if reader.offset > bytes.count { return "a reply ends behind its bytes" }
        if reader.values.count > limits.values { return "more values than allowed" }
        if reader.end(of: 0) != reader.values.count { return "values that belong to nothing" }
        if reader.root >= reader.values.count { return "a reply without a value" }
        for value in reader.values where value.bytes.upperBound > reader.offset {
            return "a text ends behind its reply"
        }
        _ = StreamAnswer(reader, bytes)
        return nil
    }

    /// Words cut from the input come out of a command as they went in.
    private static func checkWritten(_ bytes: [UInt8]) -> String? {
        var words: [[UInt8]] = []
        var rest = bytes[...]
        while let length = rest.first, words.count < 8 {
            rest = rest.dropFirst()
            words.append(Array(rest.prefix(Int(length) % 30)))
            rest = rest.dropFirst(Int(length) % 30)
        }
        var commands = RESPCommands()
        commands.begin(words: words.count)
        for word in words { commands.word(word.span.bytes) }
        var reader = RESPReader(limits)
        do {
            guard try reader.read(commands.bytes.span.bytes) else { return "a command is not whole" }
        } catch {
            return "a command is refused: \(error)"
        }
        let found = reader.values.dropFirst().map { Array(commands.bytes[$0.bytes]) }
        return found == words ? nil : "a command's words come out otherwise"
    }
}
