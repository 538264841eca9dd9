// A JSON value as a tree, with the place of everything in it. Settings are read once at start and commands
// print a page, so the tree that requests must not build is welcome here: it lets a reading say all that is
// wrong.

public struct JSONTree: Sendable {
    public struct Member: Sendable {
        public let key: String
        /// Where the key's opening quote stands; 0 in a tree that was not read from bytes.
        public let keyOffset: Int
        public let value: JSONTree

        public init(_ key: String, _ value: JSONTree, keyOffset: Int = 0) {
            self.key = key
            self.keyOffset = keyOffset
            self.value = value
        }
    }

    public enum Content: Sendable {
        /// In the order in which they stand, with repeated keys.
        case object([Member])
        case array([JSONTree])
        case string(String)
        /// As it is written, so that no digit is lost.
        case number(String)
        case bool(Bool)
        case null
    }

    public let content: Content
    /// Where the value starts, in bytes; 0 in a tree that was not read from bytes.
    public let offset: Int

    public init(_ content: Content, offset: Int = 0) {
        self.content = content
        self.offset = offset
    }
}

extension JSONTree {
    /// The first member of this name; nil where there is none, or where this is no object.
    public subscript(_ key: String) -> JSONTree? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// Of a list; none where this is no list.
    public var elements: [JSONTree] {
        guard case .array(let all) = content else { return [] }
        return all
    }
}

// Trees written in Swift: `["file": .string(path), "valid": true]`.
extension JSONTree {
    public static let null = JSONTree(.null)
    public static func string(_ text: String) -> JSONTree { JSONTree(.string(text)) }
    public static func number(_ value: some BinaryInteger) -> JSONTree { JSONTree(.number("\(value)")) }
    public static func bool(_ value: Bool) -> JSONTree { JSONTree(.bool(value)) }
    public static func array(_ elements: [JSONTree]) -> JSONTree { JSONTree(.array(elements)) }
    public static func object(_ members: [Member]) -> JSONTree { JSONTree(.object(members)) }
}

extension JSONTree: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    public init(dictionaryLiteral elements: (String, JSONTree)...) {
        self.init(.object(elements.map { Member($0.0, $0.1) }))
    }
    public init(arrayLiteral elements: JSONTree...) { self.init(.array(elements)) }
    public init(stringLiteral value: String) { self.init(.string(value)) }
    public init(integerLiteral value: Int) { self.init(.number("\(value)")) }
    public init(booleanLiteral value: Bool) { self.init(.bool(value)) }
}
