// What must hold of the JSON reader and writer for any bytes: its two readers accept the same documents,
// everything in an accepted one can be asked for, and what the writer makes of it is a document that means
// the same.
import JSON
import Units

public enum JSONInvariants {
    static let inputBytesMax = 8192
    /// One level more than the reader allows, for the array around each field's key and value.
    private static let depthOfInput = 21

    /// What is broken by this input, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        guard input.count <= inputBytesMax else { return nil }
        // A block of exactly this size: the address sanitizer sees a byte read beyond it.
        let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        defer { exact.deallocate() }
        exact.copyMemory(from: input)
        let bytes = UnsafeRawBufferPointer(exact).bytes
        var scratch = JSONScratch(maximumBytes: max(input.count, 1))
        let limits = JSONLimits(depth: depthOfInput)
        let validated = refusal(of: bytes, limits)
        do throws(JSONError) {
            let document = try JSONDocument(bytes, scratch: &scratch, limits: limits)
            if let validated { return "read, and yet not valid: \(validated)" }
            try? document.refuseDuplicateKeys()
            let first = echo(document.root, of: input.count)
            return second(first)
        } catch {
            if error.reason == .malformed { return "refused without a reason" }
            if error.offset < 0 || error.offset > input.count {
                return "an error beyond the document: \(error)"
            }
            _ = error.location(in: bytes)
            return validated == error
                ? nil : "refused as \(error), validated as \(String(describing: validated))"
        }
    }

    private static func refusal(of bytes: RawSpan, _ limits: JSONLimits) -> JSONError? {
        do throws(JSONError) {
            try JSONDocument.validate(bytes, limits: limits)
            return nil
        } catch { return error }
    }

    /// What was written is read, and written again the same.
    private static func second(_ first: [UInt8]) -> String? {
        var scratch = JSONScratch(maximumBytes: first.count)
        do throws(JSONError) {
            try JSONDocument.validate(first.span.bytes)
            let document = try JSONDocument(first.span.bytes, scratch: &scratch)
            let again = echo(document.root, of: first.count)
            return again == first ? nil : "written twice, it is another document"
        } catch { return "what was written is not read: \(error)" }
    }

    /// The value written again, each object as the array of its keys and values, for the writer's keys are
    /// literals.
    private static func echo(_ value: JSONValue, of count: Int) -> [UInt8] {
        // A control byte, escaped in two, may become six; a number of one digit, twenty; a field, two
        // brackets more.
        var output = [UInt8](repeating: 0, count: 64 + count * 32)
        var mutable = output.mutableSpan
        var writer = JSONWriter(mutable.mutableBytes)
        write(value, to: &writer)
        do throws(JSONError) {
            let count = try writer.finish()
            return Array(output[..<count])
        } catch { preconditionFailure("no room for the echo of \(count) bytes: \(error)") }
    }

    @_lifetime(writer: copy writer)
    private static func write(_ value: JSONValue, to writer: inout JSONWriter) {
        do throws(JSONError) {
            switch value.kind {
            case .null: writer.null()
            case .bool: writer.value(try value.bool())
            case .number: writeNumber(value, to: &writer)
            case .string: writeString(try value.string(), to: &writer)
            case .array:
                var array = try value.array()
                writer.beginArray()
                while let element = array.next() { write(element, to: &writer) }
                writer.endArray()
            case .object:
                var object = try value.object()
                writer.beginArray()
                while let field = object.next() {
                    writer.beginArray()
                    writeString(field.key.string, to: &writer)
                    write(field.value, to: &writer)
                    writer.endArray()
                }
                writer.endArray()
            }
        } catch { preconditionFailure("a value refuses to be what its kind says: \(error)") }
    }

    /// The text that the string means, escaped anew; both ways to get it must agree.
    @_lifetime(writer: copy writer)
    private static func writeString(_ string: JSONString, to writer: inout JSONWriter) {
        let copy = string.copy()
        var decoded = [UInt8](repeating: 0, count: string.raw.byteCount)
        var span = decoded.mutableSpan
        var bytes = span.mutableBytes
        let count = try? string.unescape(into: &bytes)
        precondition(count == copy.utf8.count, "a string has two lengths")
        precondition(copy.utf8.elementsEqual(decoded[..<copy.utf8.count]), "a string has two meanings")
        writer.value(copy)
    }

    /// The number as the narrowest kind that takes it; whole numbers and amounts must agree with the Double.
    @_lifetime(writer: copy writer)
    private static func writeNumber(_ value: JSONValue, to writer: inout JSONWriter) {
        let double = try? value.double()
        if let micros = try? value.micros(), let double {
            precondition(
                abs(Double(micros.rawValue) / 1e6 - double) <= abs(double) * 1e-12 + 1e-6, "an amount is off")
        }
        if let integer = try? value.int64() {
            precondition(double == Double(integer), "a whole number is off")
            writer.value(integer)
        } else if let integer = try? value.uint64() {
            precondition(double == Double(integer), "a whole number is off")
            writer.value(integer)
        } else if let double {
            writer.value(double)
        } else {
            // Too large for any of them: that is an answer, too.
            writer.null()
        }
    }
}
