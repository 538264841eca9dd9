// A schema as requests and streams use it: columns by name, events by number, and how each entity's profiles lie.
import Digests
public import Documents
import Units

public struct CompiledFeatures: Sendable {
    public let schema: FeatureSchema
    /// Every event that an aggregate is computed of, in the order in which the schema first names it.
    public let events: [String]
    private let layouts: [ProfileLayout]
    private let columns: [String: Int]
    private let eventNumbers: [String: Int]
    private let categories: [[String: Int]]
    /// Of everything that the schema says: two with the same fingerprint are the same.
    public let fingerprint: [UInt8]

    /// Its first eight bytes, as records name it.
    public var shortFingerprint: UInt64 {
        var short: UInt64 = 0
        for index in 0..<8 { short = short << 8 | UInt64(fingerprint[index]) }
        return short
    }

    public init(_ schema: FeatureSchema) {
        self.schema = schema
        var events: [String] = []
        for event in schema.features.compactMap({ $0.aggregate?.event }) where !events.contains(event) {
            events.append(event)
        }
        self.events = events
        layouts = FeatureEntity.allCases.map { ProfileLayout($0, of: schema, events: events) }
        columns = Dictionary(
            schema.features.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        eventNumbers = Dictionary(
            events.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        categories = schema.features.map { feature in
            Dictionary(
                feature.categories.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }
        var digest = SHA256()
        digest.add(FeatureSchema.schema.show(schema).line.utf8Span.span.raw)
        let sum = digest.digest()
        fingerprint = (0..<SHA256Digest.byteCount).map { sum[$0] }
    }

    /// The schema in a file, or all that is wrong with it.
    public init(reading bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let schema = FeatureSchema.schema.read(tree, "", &reading) else { throw reading.refused }
        self.init(schema)
    }

    /// The JSON Schema of such a file, for editors.
    public static var jsonSchema: JSONTree {
        Shape.object(FeatureSchema.schema.shape).jsonSchema(title: "Paceline feature schema")
    }

    public func layout(of entity: FeatureEntity) -> ProfileLayout { layouts[Int(entity.number)] }
    public func column(_ name: String) -> Int? { columns[name] }
    public func event(_ name: String) -> Int? { eventNumbers[name] }
    /// Whether some feature of the entity is computed of the event.
    public func isWanted(_ event: Int, by entity: FeatureEntity) -> Bool {
        !layout(of: entity).wanting[event].isEmpty
    }
    /// The place of a category in its feature's list.
    public func place(of category: String, in column: Int) -> Int? { categories[column][category] }

    /// By what a profile is found: the key's own bytes, hashed. Never 0, which is nobody. Files and journals hold these
    /// numbers: the function must stay as it is.
    public static func key(_ text: RawSpan) -> UInt64 {
        var digest = SHA256()
        digest.add(text)
        let result = digest.digest()
        var key: UInt64 = 0
        for index in 0..<8 { key = key << 8 | UInt64(result[index]) }
        return key == 0 ? 1 : key
    }

    public static func key(_ text: String) -> UInt64 { key(text.utf8Span.span.raw) }
}
