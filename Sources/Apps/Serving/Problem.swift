// Answers that are no: problem details as RFC 9457 has them, and bodies as JSON.
public import Documents
public import HTTP

extension Response {
    public mutating func json(_ tree: JSONTree) {
        contentType = "application/json"
        write(tree.line)
        write("\n")
    }

    public mutating func problem(_ status: Status, _ title: String, _ more: [JSONTree.Member] = []) {
        self.status = status
        contentType = "application/problem+json"
        write(
            JSONTree.object(
                [
                    .init("type", "about:blank"), .init("title", .string(title)),
                    .init("status", .number(status.code)),
                ] + more
            ).line)
        write("\n")
    }
}

extension Malformed {
    public var members: [JSONTree.Member] {
        [.init("field", .string(place)), .init("allowed", .string(allowed))]
    }
}
