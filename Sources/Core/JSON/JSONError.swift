// What can be wrong with a document, or with a value that a caller asked for: a reason and a byte offset. No
// text is built until somebody asks for the description, so refusing a document on a hot path allocates
// nothing.

/// Why bytes were refused, and where.
public struct JSONError: Error, Hashable, Sendable {
    /// What was wrong.
    public var reason: Reason
    /// Where, in bytes from the start of the document. Equal to the document's length where it ended too
    /// early.
    public var offset: Int

    @inlinable public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        // The bytes are not a JSON document.
        case empty, byteOrderMark, tooLarge, tooDeep, truncated, trailingBytes, malformed
        case expectedValue, expectedKey, expectedColon, expectedCommaOrEnd
        case invalidLiteral, invalidNumber, leadingZero
        case controlCharacter, invalidEscape, loneSurrogate, invalidUTF8
        // The document is well formed, and the stricter check asked for refuses it.
        case duplicateKey
        // The value is not what the caller asked for.
        case notObject, notArray, notString, notNumber, notBool
        case notInteger, outOfRange, tooPrecise
        // The caller's buffer is too small for the text.
        case bufferTooSmall
    }
}

/// A place in a text as an editor counts it: both from 1, the column in bytes.
public struct JSONLocation: Hashable, Sendable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

extension JSONLocation {
    /// Where a byte of the document stands; the end for what is beyond it.
    public init(of offset: Int, in document: RawSpan) {
        let end = min(offset, document.byteCount)
        line = 1
        column = end + 1
        for i in 0..<end where unsafe document.unsafeLoad(fromByteOffset: i, as: UInt8.self) == 0x0A {
            line += 1
            column = end - i
        }
    }
}

extension JSONError {
    /// The line and the column of the error in the document it came from.
    public func location(in document: RawSpan) -> JSONLocation { JSONLocation(of: offset, in: document) }
}

extension JSONError: CustomStringConvertible {
    public var description: String { "\(reason) at byte \(offset)" }
}

extension JSONError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty: "there is no value"
        case .byteOrderMark: "a byte order mark is not allowed"
        case .tooLarge: "the document is larger than its limit"
        case .tooDeep: "objects and arrays are nested deeper than the limit"
        case .truncated: "the document ends before it is complete"
        case .trailingBytes: "there is more after the end of the document"
        case .malformed: "the document is malformed"
        case .expectedValue: "expected a value"
        case .expectedKey: "expected a key in double quotes"
        case .expectedColon: "expected ':' after a key"
        case .expectedCommaOrEnd: "expected ',' or the end of the object or array"
        case .invalidLiteral: "expected true, false or null, in lower case"
        case .invalidNumber: "a number is written wrongly"
        case .leadingZero: "a number starts with a needless zero"
        case .controlCharacter: "a control character must be escaped"
        case .invalidEscape: "unknown escape in a string"
        case .loneSurrogate: "half of a surrogate pair stands alone"
        case .invalidUTF8: "the text is not valid UTF-8"
        case .duplicateKey: "a key appears twice in one object"
        case .notObject: "expected an object"
        case .notArray: "expected an array"
        case .notString: "expected a string"
        case .notNumber: "expected a number"
        case .notBool: "expected true or false"
        case .notInteger: "expected a whole number, written without fraction or exponent"
        case .outOfRange: "the number is out of range"
        case .tooPrecise: "the amount has more than six decimals"
        case .bufferTooSmall: "the buffer is too small for the text"
        }
    }
}
