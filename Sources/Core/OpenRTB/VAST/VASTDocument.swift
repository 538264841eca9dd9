// The description of a VAST document: ads, their creatives and all that hangs on them, gathered in any order
// in storage that is reserved once and used again for every document. Writing it is `VASTDocument.write`.

/// A text that lies in a document.
public struct VASTText: Hashable, Sendable {
    var start: UInt32
    var count: UInt32

    public static let none = VASTText(start: 0, count: 0)
    public var isEmpty: Bool { count == 0 }
}

/// Why a document could not be put together or written.
public enum VASTWriteError: Error, Hashable, Sendable {
    /// More than the storage was reserved for.
    case tooManyParts, tooMuchText
    /// Not UTF-8, or a control character: XML has no way to write it.
    case notText(at: Int)
    /// Negative, or a day and longer: the format has no place for it.
    case invalidDuration
    /// The ad with this index, from 0, has no such element, and the version demands it.
    case missing(VASTMissing, ad: Int)
    /// The buffer is too small; this is how many bytes the document needs.
    case bufferTooSmall(needed: Int)
}

public enum VASTMissing: UInt8, Hashable, Sendable {
    case adSystem, impression, linear, mediaFile, universalAdID, tag, adServingID
}

/// One document, for one answer at a time. Reset it and use it again: nothing is allocated after `init`.
///
///     document.reset(.v4_2)
///     document.beginInLine(id: id, sequence: 1, adServingID: serving, title: title)
///     document.impression(url)
///     document.beginLinear(milliseconds: 30_000)
///     document.mediaFile(file)
///     let written = try document.write(into: buffer)
///
/// A part beyond the reserved storage, and a text that is none, is remembered and thrown by `write`.
public struct VASTDocument: ~Copyable {
    /// Ten ads with thirty trackers each, of two hundred bytes.
    public static let defaultParts = 1024
    public static let defaultTextBytes = 128 * 1024

    var parts: [VASTPart] = []
    var pool: [UInt8] = []
    let partsMax: Int
    let textBytesMax: Int
    var version = VASTVersion.v4_2
    /// What went wrong first while the document was put together.
    var failure: VASTWriteError?
    /// The ad, creative or verification that parts are added to.
    var ad = -1
    var creative = -1
    var verification = -1

    public init(parts: Int = VASTDocument.defaultParts, textBytes: Int = VASTDocument.defaultTextBytes) {
        partsMax = parts
        textBytesMax = textBytes
        self.parts.reserveCapacity(parts)
        pool.reserveCapacity(textBytes)
    }

    /// Forgets everything for another document.
    public mutating func reset(_ version: VASTVersion) {
        parts.removeAll(keepingCapacity: true)
        pool.removeAll(keepingCapacity: true)
        self.version = version
        failure = nil
        (ad, creative, verification) = (-1, -1, -1)
    }
}

// Texts.
extension VASTDocument {
    /// Keeps a text for the document. It may be used for several parts.
    public mutating func text(_ bytes: RawSpan) -> VASTText {
        var text = VASTText(start: UInt32(truncatingIfNeeded: pool.count), count: 0)
        append(bytes, to: &text)
        return text
    }

    public mutating func text(_ literal: StaticString) -> VASTText {
        unsafe text(RawSpan(_unsafeStart: literal.utf8Start, byteCount: literal.utf8CodeUnitCount))
    }

    public mutating func text(_ string: borrowing String) -> VASTText {
        unsafe text(string.utf8Span.span.bytes)
    }

    /// Makes the text longer. Only the last text that was begun can grow.
    public mutating func append(_ bytes: RawSpan, to text: inout VASTText) {
        precondition(Int(text.start + text.count) == pool.count, "only the last text can grow")
        guard bytes.byteCount <= textBytesMax - pool.count else { return fail(.tooMuchText) }
        if let at = XMLCharacters.firstInvalid(in: bytes) { return fail(.notText(at: at)) }
        unsafe bytes.withUnsafeBytes { unsafe pool.append(contentsOf: $0) }
        text.count += UInt32(truncatingIfNeeded: bytes.byteCount)
    }

    public mutating func append(_ literal: StaticString, to text: inout VASTText) {
        unsafe append(
            RawSpan(_unsafeStart: literal.utf8Start, byteCount: literal.utf8CodeUnitCount), to: &text)
    }

    public mutating func append(_ macro: VASTMacro, to text: inout VASTText) { append(macro.text, to: &text) }

    mutating func fail(_ error: VASTWriteError) {
        if failure == nil { failure = error }
    }
}

/// One element to come, with the one it belongs to.
struct VASTPart {
    enum Kind: UInt8 {
        case inLine, wrapper, noAdError
        case adSystem, error, impression, pricing, extensionXML, category, blockedCategory, advertiser
        case description, expires, survey, viewable, notViewable, viewUndetermined
        case verification, javaScript, executable, notExecuted, parameters
        case linear, universalAdID, tracking, clickThrough, clickTracking, customClick, mediaFile
        case adParameters, mezzanine, closedCaptions
    }

    var kind: Kind
    /// The index of the part it belongs to; -1 for ads.
    var owner: Int
    var text = VASTText.none
    var second = VASTText.none
    var third = VASTText.none
    var fourth = VASTText.none
    var number = 0
    var event = VASTEvent.start
    var flag = false
    var flag2 = false
    var media = VASTMediaFile()
}
