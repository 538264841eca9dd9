// Rows for models, from files of comma- or tab-separated values, or LibSVM's `label index:value …`.
import Commands
import Inference

struct RowFile {
    enum Form { case separated(UInt8), sparse }

    /// Row by row, as wide as the model has features.
    private(set) var values: [Double] = []
    private(set) var count = 0

    private let head: ModelHead
    private let name: String

    /// As large as the files of a catalog may be, many times over.
    static let limitBytes = 1024 * 1024 * 1024

    static func form(of path: String) throws(Failure) -> Form {
        if path == "-" || path.hasSuffix(".csv") { return .separated(UInt8(ascii: ",")) }
        if path.hasSuffix(".tsv") { return .separated(UInt8(ascii: "\t")) }
        if path.hasSuffix(".libsvm") || path.hasSuffix(".svm") { return .sparse }
        throw Failure(
            "\(path): found another ending; allowed: .csv, .tsv, .libsvm, .svm, or - for standard input",
            .usage)
    }

    init(_ path: String, _ form: Form, hasHeader: Bool, for head: ModelHead) throws(Failure) {
        self.head = head
        name = InputFile.displayName(path)
        let bytes = try InputFile.read(path, limit: Self.limitBytes)
        var places: [Int]?
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            switch form {
            case .sparse:
                if !line.isEmpty { try takeSparse(line, number + 1) }
            case .separated(let separator):
                // One feature may be missing from a row of one: such a line is empty, and a row all the same, but not the last.
                if line.isEmpty && (head.featureCount > 1 || number == lines.count - 1) { continue }
                let words = line.split(separator: separator, omittingEmptySubsequences: false)
                if hasHeader, places == nil {
                    places = try columns(words, number + 1)
                } else {
                    try take(words, places, number + 1)
                }
            }
        }
    }

    private func refused(_ line: Int, _ found: String, _ allowed: String) -> Failure {
        Failure("\(name):\(line): found \(found); allowed: \(allowed)")
    }

    /// Which column holds each feature: by name where the model's names are there, else by place.
    private func columns(_ words: [ArraySlice<UInt8>], _ line: Int) throws(Failure) -> [Int] {
        let titles = words.map { String(decoding: $0.trimmed, as: UTF8.self) }
        let known = head.featureNames.filter { titles.contains($0) }
        if known.isEmpty {
            guard titles.count == head.featureCount else {
                throw refused(
                    line, "\(titles.count) columns",
                    "the model's \(head.featureCount) features, in their order")
            }
            return Array(0..<head.featureCount)
        }
        var places: [Int] = []
        for feature in head.featureNames {
            guard let place = titles.firstIndex(of: feature) else {
                throw refused(
                    line, "no column \(feature)",
                    "all of the model's \(head.featureCount) features by their names")
            }
            places.append(place)
        }
        return places
    }

    private mutating func take(_ words: [ArraySlice<UInt8>], _ places: [Int]?, _ line: Int) throws(Failure) {
        guard places != nil || words.count == head.featureCount else {
            throw refused(
                line, "\(words.count) values", "the model's \(head.featureCount) features, in their order")
        }
        for feature in 0..<head.featureCount {
            let place = places?[feature] ?? feature
            guard place < words.count else {
                throw refused(line, "\(words.count) values", "one for each column")
            }
            values.append(try number(words[place], line))
        }
        count += 1
    }

    /// Nothing, and the names that tables have for it, is a missing value.
    private func number(_ word: ArraySlice<UInt8>, _ line: Int) throws(Failure) -> Double {
        let word = word.trimmed
        if word.isEmpty { return .nan }
        if let value = DecimalText.double(word) { return value }
        let text = String(decoding: word.prefix(40), as: UTF8.self)
        if ["na", "n/a", "null", "none", "?"].contains(text.lowercased()) { return .nan }
        throw refused(line, "'\(text)'", "a number, inf, or nothing for a missing value")
    }

    /// What is not written is zero to LightGBM and CatBoost, and missing to XGBoost.
    private mutating func takeSparse(_ line: ArraySlice<UInt8>, _ number: Int) throws(Failure) {
        let start = values.count
        let absent = head.format == .xgBoost ? Double.nan : 0
        values += repeatElement(absent, count: head.featureCount)
        for (index, word) in line.split(separator: UInt8(ascii: " ")).enumerated() {
            guard let colon = word.firstIndex(of: UInt8(ascii: ":")) else {
                // The label, which predicting does not need.
                if index == 0 { continue }
                throw refused(number, "'\(String(decoding: word.prefix(40), as: UTF8.self))'", "index:value")
            }
            guard let feature = Int(String(decoding: word[..<colon], as: UTF8.self)), feature >= 0,
                feature < head.featureCount
            else {
                throw refused(
                    number, "'\(String(decoding: word[..<colon].prefix(40), as: UTF8.self))'",
                    "a feature from 0 to \(head.featureCount - 1)")
            }
            values[start + feature] = try self.number(word[(colon + 1)...], number)
        }
        count += 1
    }
}

extension ArraySlice<UInt8> {
    /// Without blanks, and without quotes around the whole.
    fileprivate var trimmed: ArraySlice<UInt8> {
        var word = self
        while word.first == UInt8(ascii: " ") { word.removeFirst() }
        while word.last == UInt8(ascii: " ") { word.removeLast() }
        if word.count >= 2, word.first == UInt8(ascii: "\""), word.last == UInt8(ascii: "\"") {
            word = word.dropFirst().dropLast()
        }
        return word
    }
}
