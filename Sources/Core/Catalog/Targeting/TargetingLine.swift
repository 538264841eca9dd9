// A targeting expression as one line of JSON: what `TargetingObject.schema` shows, without the trees in between, which for
// a million line items took as long as all else that compiling them takes.
import Documents

extension TargetingObject {
    /// The expression as it is kept for people; nothing is decided by it.
    var line: String {
        var text = LineText()
        text.add(self)
        return String(decoding: text.bytes, as: UTF8.self)
    }
}

private struct LineText {
    private(set) var bytes: [UInt8] = []
    /// Nothing stands before what comes next, in the innermost object or list.
    private var isFirst = true

    mutating func add(_ object: TargetingObject) {
        open("{")
        if let all = object.all { list("all", all) { $0.add($1) } }
        if let any = object.any { list("any", any) { $0.add($1) } }
        if let not = object.not {
            key("not")
            add(not.first ?? TargetingObject())
        }
        // Among the lists stand, in the schema's order, some keys that are none.
        add(object, [.country, .region, .metro, .city, .postalCode])
        if let radius = object.radius {
            list("radius", radius) { $0.add(Circle.schema.show($1).line) }
        }
        add(object, [.deviceType, .os, .genre, .rating, .language])
        if let livestream = object.livestream {
            key("livestream")
            add(livestream ? "true" : "false")
        }
        add(object, [.network, .channel, .publisher, .inventory, .audience, .deal])
        if let daypart = object.daypart {
            list("daypart", daypart) { $0.add(Daypart.schema.show($1).line) }
        }
        if let custom = object.custom {
            key("custom")
            open("{")
            for one in custom.sorted(by: { $0.key < $1.key }) { list(one.key, one.value) { $0.quote($1) } }
            close("}")
        }
        close("}")
    }

    private mutating func add(_ object: TargetingObject, _ dimensions: InlineArray<6, Dimension>) {
        for index in dimensions.indices { add(object, dimensions[index]) }
    }

    private mutating func add(_ object: TargetingObject, _ dimensions: InlineArray<5, Dimension>) {
        for index in dimensions.indices { add(object, dimensions[index]) }
    }

    private mutating func add(_ object: TargetingObject, _ dimension: Dimension) {
        guard let values = object.lists[dimension] else { return }
        list(dimension.name, values) { $0.quote($1) }
    }

    private mutating func list<Element>(
        _ name: String, _ elements: [Element], _ add: (inout LineText, Element) -> Void
    ) {
        key(name)
        open("[")
        for element in elements {
            separate()
            add(&self, element)
        }
        close("]")
    }

    private mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes += ": ".utf8
    }

    private mutating func separate() {
        if !isFirst { bytes += ", ".utf8 }
        isFirst = false
    }

    private mutating func open(_ bracket: String) {
        bytes += bracket.utf8
        isFirst = true
    }

    private mutating func close(_ bracket: String) {
        bytes += bracket.utf8
        isFirst = false
    }

    private mutating func add(_ text: String) { bytes += text.utf8 }

    private mutating func quote(_ text: String) {
        let isPlain = text.utf8.allSatisfy {
            $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        guard isPlain else { return add(JSONTree.string(text).line) }
        bytes.append(UInt8(ascii: "\""))
        bytes += text.utf8
        bytes.append(UInt8(ascii: "\""))
    }
}
