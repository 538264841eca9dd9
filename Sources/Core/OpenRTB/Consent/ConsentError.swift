// Why a consent string was refused, and where. A string that is refused means that nothing was consented to.

public struct ConsentError: Error, Hashable, Sendable {
    public var reason: Reason
    /// Where, in bytes from the start of the whole string. Equal to its length where it ended too early.
    public var offset: Int

    init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        case empty, tooLong, invalidCharacter, truncated, trailingBits
        case unknownForm, unsupportedVersion, wrongType
        case invalidRange, invalidNumber, invalidValue
        case repeatedSegment, unknownSegment, sectionsDiffer, unsupportedSection
    }
}

extension ConsentError: CustomStringConvertible {
    public var description: String { "\(reason) at byte \(offset)" }
}

extension ConsentError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty: "there is no string"
        case .tooLong: "the string is longer than the limit"
        case .invalidCharacter: "not a character of this form"
        case .truncated: "the string ends before it is complete"
        case .trailingBits: "there is more after the end"
        case .unknownForm: "neither a TCF nor a GPP nor a US privacy string"
        case .unsupportedVersion: "a version that is not read"
        case .wrongType: "a header of another type"
        case .invalidRange: "a range that is empty, out of order or beyond its maximum"
        case .invalidNumber: "a number that is too large"
        case .invalidValue: "a value that the field does not have"
        case .repeatedSegment: "a segment comes twice"
        case .unknownSegment: "a segment of an unknown type"
        case .sectionsDiffer: "the header names another number of sections than there are"
        case .unsupportedSection: "a section that is not read"
        }
    }
}
