// Why a VAST document was refused: what is wrong, where, what was found there and what is allowed.

public struct VASTError: Error, Hashable, Sendable {
    public var reason: Reason
    /// Where, in bytes from the start of the document. Equal to its length where it ended too early.
    public var offset: Int
    /// What stands there, cut where it is long; empty where the reason says it all.
    public var found: String
    /// What may stand there; empty where the reason says it all.
    public var allowed: String

    init(_ reason: Reason, at offset: Int, found: String = "", allowed: String = "") {
        self.reason = reason
        self.offset = offset
        self.found = found
        self.allowed = allowed
    }

    public enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        // The bytes are not XML, or more of XML than VAST needs.
        case tooLarge, tooDeep, tooManyAttributes, truncated, invalidCharacter, malformed
        case wrongEncoding, documentType, processingInstruction, invalidReference, unknownEntity
        case invalidName, duplicateAttribute, undeclaredPrefix, mismatchedEnd, cdataEndInText
        case textOutsideRoot, secondRoot
        // The document is XML, and not VAST.
        case unsupportedVersion, wrongNamespace
        case unexpectedElement, missingElement, unexpectedText, elementInValue
        case unexpectedAttribute, missingAttribute
        case emptyAd
        case invalidValue, invalidURL, invalidDuration
    }
}

extension VASTError.Reason {
    /// Whether the IAB's schema lets this pass. The schema takes relative addresses, times with a zone, an Ad
    /// without content, a document type and any version; players and the text of the specification do not.
    public var isBeyondSchema: Bool {
        switch self {
        case .unsupportedVersion, .documentType, .processingInstruction, .emptyAd, .invalidURL,
            .invalidDuration, .undeclaredPrefix, .tooLarge, .tooDeep, .tooManyAttributes, .wrongEncoding,
            .invalidName:
            true
        default: false
        }
    }
}

extension VASTError {
    /// The line and the column of the error as an editor counts them: both from 1, the column in bytes.
    public func location(in document: RawSpan) -> (line: Int, column: Int) {
        var line = 1
        var lineStart = 0
        let end = min(offset, document.byteCount)
        for at in 0..<end where document[byte: at] == 0x0A {
            line += 1
            lineStart = at + 1
        }
        return (line, end - lineStart + 1)
    }
}

extension VASTError: CustomStringConvertible {
    public var description: String {
        var text = reason.description
        if !found.isEmpty { text += ": found \(found)" }
        if !allowed.isEmpty { text += found.isEmpty ? ": \(allowed)" : "; allowed: \(allowed)" }
        return text
    }
}

extension VASTError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLarge: "the document is larger than its limit"
        case .tooDeep: "elements are nested deeper than the limit"
        case .tooManyAttributes: "an element has more attributes than the limit"
        case .truncated: "the document ends before it is complete"
        case .invalidCharacter: "not a character that XML allows, in UTF-8"
        case .malformed: "not well-formed XML"
        case .wrongEncoding: "only UTF-8 is read"
        case .documentType: "a document type is not allowed"
        case .processingInstruction: "a processing instruction is not allowed"
        case .invalidReference: "a character reference that means no character"
        case .unknownEntity: "an entity that is not one of XML's own five"
        case .invalidName: "not a name"
        case .duplicateAttribute: "an attribute is given twice"
        case .undeclaredPrefix: "a prefix is used that nothing declares"
        case .mismatchedEnd: "this end tag does not close the element that is open"
        case .cdataEndInText: "']]>' may not stand in text"
        case .textOutsideRoot: "text outside the root element"
        case .secondRoot: "a second root element"
        case .unsupportedVersion: "a version of VAST that is not read"
        case .wrongNamespace: "the wrong namespace"
        case .unexpectedElement: "an element that may not stand here"
        case .missingElement: "a required element is missing"
        case .unexpectedText: "text where only elements may stand"
        case .elementInValue: "an element where only text may stand"
        case .unexpectedAttribute: "an unknown attribute"
        case .missingAttribute: "a required attribute is missing"
        case .emptyAd: "an ad has neither InLine nor Wrapper"
        case .invalidValue: "a value of the wrong form"
        case .invalidURL: "not an absolute URL"
        case .invalidDuration: "not a duration"
        }
    }
}
