// How one word of a command line becomes a value, what is said where it does not, and what a shell may offer
// for it.

import Catalog
public import Units

/// What completion offers for a value.
enum Candidates: Equatable, Sendable {
    case nothing
    case files
    case words([String])
}

/// A kind of value that a word can stand for.
public struct WordKind<Value: Sendable>: Sendable {
    let placeholder: String
    /// What is allowed, as it ends the sentence "found 'x'; allowed: …".
    let allowed: String
    let completion: Candidates
    let read: @Sendable (String) -> Value?

    func shape(
        _ role: ParameterShape.Role, _ name: String, _ summary: String, isRequired: Bool,
        repeats: Bool = false,
        default defaultWord: String? = nil
    ) -> ParameterShape {
        ParameterShape(
            role: role, name: name, summary: summary, isRequired: isRequired, repeats: repeats,
            placeholder: placeholder, defaultWord: defaultWord, allowed: allowed, completion: completion,
            accepts: { read($0) != nil })
    }

    /// Nil for a word that does not stand for one.
    public func value(of word: String) -> Value? { read(word) }

    func accepted(_ word: String) -> Value {
        guard let value = read(word) else { preconditionFailure("parsing let '\(word)' pass") }
        return value
    }
}

extension WordKind where Value == String {
    /// The path of a file, or `-` for a standard stream where the command says so.
    public static var file: WordKind {
        WordKind(placeholder: "FILE", allowed: "a path", completion: .files) { $0.isEmpty ? nil : $0 }
    }

    /// Any text, even none: the command itself says what is wrong with it.
    public static var text: WordKind {
        WordKind(placeholder: "TEXT", allowed: "any text", completion: .nothing) { $0 }
    }
}

extension WordKind where Value == Int {
    public static func integer(_ range: ClosedRange<Int>) -> WordKind {
        WordKind(
            placeholder: "N", allowed: "an integer from \(range.lowerBound) to \(range.upperBound)",
            completion: .nothing
        ) { word in
            Int(word).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension WordKind {
    /// Several of a kind in one word, with commas between; an empty word is none of them.
    public static func list<Element>(of kind: WordKind<Element>) -> WordKind where Value == [Element] {
        WordKind(
            placeholder: "\(kind.placeholder),…", allowed: "a list with commas of: \(kind.allowed)",
            completion: kind.completion
        ) { word in
            var values: [Element] = []
            for part in word.split(separator: ",") {
                guard let value = kind.read(String(part)) else { return nil }
                values.append(value)
            }
            return values
        }
    }
}

extension WordKind where Value == UInt64 {
    /// What names a decision, a bid or an ad.
    public static var identifier: WordKind {
        WordKind(
            placeholder: "ID", allowed: "sixteen hexadecimal digits", completion: .nothing
        ) { word in
            let isPlain = word.utf8.count == 16 && !word.hasPrefix("+") && !word.hasPrefix("-")
            return isPlain ? UInt64(word, radix: 16) : nil
        }
    }
}

extension WordKind where Value == Instant {
    /// A moment on the wall clock, as catalogs write it.
    public static var instant: WordKind {
        WordKind(
            placeholder: "TIME", allowed: "a time such as 2026-11-20T18:00:00Z or 2026-11-20T18:00:00-05:00",
            completion: .nothing, read: Timestamp.read)
    }
}

extension WordKind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the cases of an enumeration, by its name.
    public static func choice(_ placeholder: String) -> WordKind {
        let words = Value.allCases.map(\.rawValue)
        precondition(words.allSatisfy(isPlainWord), "\(Value.self) has a case that a shell would need quoted")
        return WordKind(
            placeholder: placeholder, allowed: words.joined(separator: ", "), completion: .words(words)
        ) { Value(rawValue: $0) }
    }
}

extension WordKind where Value == String {
    /// One of a list that another module knows.
    public static func one(of words: [String], _ placeholder: String) -> WordKind {
        precondition(
            words.allSatisfy(isPlainWord), "\(placeholder) has a word that a shell would need quoted")
        return WordKind(
            placeholder: placeholder, allowed: words.joined(separator: ", "), completion: .words(words)
        ) { words.contains($0) ? $0 : nil }
    }
}
