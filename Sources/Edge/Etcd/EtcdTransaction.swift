// A transaction of etcd, version 3, as its JSON gateway takes it, and what it answers: all or nothing, on a condition about keys.
internal import Documents

/// Keys and values of ours are short texts.
public struct EtcdTransaction: Sendable, Equatable {
    public enum Condition: Sendable, Equatable {
        case isAbsent(String)
        case has(String, value: String)
    }

    public enum Operation: Sendable, Equatable {
        case put(String, value: String)
        case delete(String)
        case read(String)
        /// All keys that begin so.
        case readAll(prefix: String)
    }

    /// All of them have to hold.
    public var conditions: [Condition]
    public var operations: [Operation]
    /// What is done where one does not.
    public var otherwise: [Operation]

    public init(
        if conditions: [Condition] = [], _ operations: [Operation], otherwise: [Operation] = []
    ) {
        self.conditions = conditions
        self.operations = operations
        self.otherwise = otherwise
    }
}

public struct EtcdResult: Sendable, Equatable {
    /// The conditions held, and everything was done; else what was to be done otherwise.
    public var isDone: Bool
    /// What was read, by key.
    public var found: [String: String]
}

extension EtcdTransaction {
    var body: [UInt8] {
        let tree: JSONTree = [
            "compare": .array(conditions.map(Self.tree)), "success": .array(operations.map(Self.tree)),
            "failure": .array(otherwise.map(Self.tree)),
        ]
        return Array(tree.line.utf8)
    }

    private static func text(_ text: String) -> JSONTree { .string(Base64.encode(text.utf8)) }

    private static func tree(_ condition: Condition) -> JSONTree {
        switch condition {
        case .isAbsent(let key):
            return ["key": text(key), "target": "VERSION", "result": "EQUAL", "version": "0"]
        case .has(let key, let value):
            return ["key": text(key), "target": "VALUE", "result": "EQUAL", "value": text(value)]
        }
    }

    private static func tree(_ operation: Operation) -> JSONTree {
        switch operation {
        case .put(let key, let value): ["requestPut": ["key": text(key), "value": text(value)]]
        case .delete(let key): ["requestDeleteRange": ["key": text(key)]]
        case .read(let key): ["requestRange": ["key": text(key)]]
        case .readAll(let prefix):
            ["requestRange": ["key": text(prefix), "rangeEnd": text(end(of: prefix))]]
        }
    }

    /// The first key behind all that begin so.
    private static func end(of prefix: String) -> String {
        var bytes = Array(prefix.utf8)
        guard let last = bytes.popLast(), last < 0x7F else {
            preconditionFailure("a prefix ends in a character that has another one behind it")
        }
        return String(decoding: bytes + [last + 1], as: UTF8.self)
    }
}

extension EtcdResult {
    /// Nil where the bytes are not an answer to a transaction.
    init?(_ body: [UInt8]) {
        guard let tree = try? JSONTree(reading: body), tree["header"] != nil else { return nil }
        // What is false or empty is left out.
        if let succeeded = tree["succeeded"] {
            guard case .bool(let value) = succeeded.content else { return nil }
            isDone = value
        } else {
            isDone = false
        }
        found = [:]
        for response in tree["responses"]?.elements ?? [] {
            guard let range = response["response_range"] ?? response["responseRange"] else {
                continue
            }
            for pair in range["kvs"]?.elements ?? [] {
                guard let key = pair.text("key"), let value = pair.text("value") else { return nil }
                found[key] = value
            }
        }
    }
}

extension JSONTree {
    /// A text in Base64; an empty one is left out.
    fileprivate func text(_ key: String) -> String? {
        guard let member = self[key] else { return "" }
        guard case .string(let text) = member.content, let bytes = Base64.decode(text) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
