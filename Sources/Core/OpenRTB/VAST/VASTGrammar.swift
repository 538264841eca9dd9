// What a version of VAST allows where: a table of element types, read from the short notation in which
// `VASTGrammarTexts` writes the IAB's schemas down.

/// The types of one version's elements.
///
/// The notation has a line for each type. After its name come what its text must be (`#url`), the elements it
/// takes, in their order, and its attributes (`@width:integer`). An element is followed by `?`, `*` or `+` for
/// how often it may stand, and by its type after a colon where that is not its own name; one in lower case is
/// the kind of a value without attributes. Parentheses hold elements of which only one may be chosen. `<any>`
/// takes any elements, `@any` any attributes.
struct VASTGrammar: Sendable {
    /// Null where the version's elements are in no namespace.
    let namespace: String?
    private(set) var types: [ElementType] = []

    struct ElementType: Sendable {
        var name: String
        /// What the text must be; nil where only elements may stand.
        var value: VASTValue?
        var particles: [Particle] = []
        var attributes: [Attribute] = []
        var takesAnyElement = false
        var takesAnyAttribute = false
    }

    /// An element at its place in the order.
    struct Particle: Sendable {
        var name: String
        var type: Int
        var isRequired: Bool
        var isRepeatable: Bool
        /// The particle that may follow this one: the next, or the one after all its alternatives.
        var following: Int
    }

    struct Attribute: Sendable {
        var name: String
        var value: VASTValue
        var isRequired: Bool
    }

    /// The first type is the root's.
    init(namespace: String?, _ text: String) {
        self.namespace = namespace
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        var numbers: [String: Int] = [:]
        for (number, words) in lines.enumerated() { numbers[words[0]] = number }
        types = lines.map { ElementType(name: $0[0]) }
        for (number, words) in lines.enumerated() {
            var group: Int?
            for word in words.dropFirst() {
                switch word {
                case "(": group = types[number].particles.count
                case ")":
                    let end = types[number].particles.count
                    for i in (group ?? end)..<end { types[number].particles[i].following = end }
                    group = nil
                case "<any>": types[number].takesAnyElement = true
                case "@any": types[number].takesAnyAttribute = true
                default: add(word, to: number, numbers: &numbers)
                }
            }
        }
    }

    private mutating func add(_ word: String, to number: Int, numbers: inout [String: Int]) {
        if word.hasPrefix("#") {
            types[number].value = VASTValue(notation: word.dropFirst())
            return
        }
        let isAttribute = word.hasPrefix("@")
        let parts = word.split(separator: ":")
        var name = String(isAttribute ? parts[0].dropFirst() : parts[0])
        let occurrence = name.last.flatMap { "?*+".contains($0) ? $0 : nil }
        if occurrence != nil { name.removeLast() }
        let isRequired = occurrence == nil || occurrence == "+"
        if isAttribute {
            let value = parts.count > 1 ? VASTValue(notation: parts[1]) : .text
            types[number].attributes.append(Attribute(name: name, value: value, isRequired: isRequired))
        } else {
            let type = type(parts.count > 1 ? String(parts[1]) : name, &numbers)
            types[number].particles.append(
                Particle(
                    name: name, type: type, isRequired: isRequired,
                    isRepeatable: occurrence == "*" || occurrence == "+",
                    following: types[number].particles.count + 1))
        }
    }

    /// The number of a type by its name; the kind of a value is a type of its own.
    private mutating func type(_ name: String, _ numbers: inout [String: Int]) -> Int {
        if let known = numbers[name] { return known }
        precondition(name.first?.isLowercase == true, "the grammar has no type \(name)")
        types.append(ElementType(name: name, value: VASTValue(notation: name[...])))
        numbers[name] = types.count - 1
        return types.count - 1
    }
}
