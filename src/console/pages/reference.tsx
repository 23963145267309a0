import type { OpenApiDocument } from "../../http/openapi/document.ts";
import { Table } from "../parts.tsx";

/** The reference of the HTTP API, from the same document that `/openapi.json` gives. */
export function Reference({ document }: { readonly document: OpenApiDocument }) {
  const paths = Object.entries(document.paths);
  return (
    <>
      <h1>Reference of the HTTP API</h1>
      <p>
        The same as <a href="/openapi.json">OpenAPI 3.1</a>. Send <code>Authorization: Bearer</code> and the
        admin token to everything below <code>/admin</code>.
      </p>
      <ul class="plain">
        {paths.map(([path]) => (
          <li>
            <a href={`#${anchor(path)}`}>
              <code>{path}</code>
            </a>
          </li>
        ))}
      </ul>
      {paths.map(([path, methods]) => (
        <section id={anchor(path)} aria-label={path}>
          <h2>
            <code>{path}</code>
          </h2>
          {Object.entries(methods).map(([method, operation]) => (
            <>
              <h3>
                {method.toUpperCase()}: {operation.summary}
              </h3>
              {operation.description === undefined ? null : <p>{operation.description}</p>}
              {operation.parameters === undefined ? null : (
                <Table
                  caption={`Parameters of ${method.toUpperCase()} ${path}`}
                  head={["Parameter", "In", "What it is"]}
                >
                  {operation.parameters.map(({ name, in: place, description }) => (
                    <tr>
                      <th scope="row">
                        <code>{name}</code>
                      </th>
                      <td>{place}</td>
                      <td>{typeof description === "string" ? description : null}</td>
                    </tr>
                  ))}
                </Table>
              )}
              <Table caption={`Answers of ${method.toUpperCase()} ${path}`} head={["Status", "When"]}>
                {Object.entries(operation.responses).map(([status, { description }]) => (
                  <tr>
                    <th scope="row">{status}</th>
                    <td>{description}</td>
                  </tr>
                ))}
              </Table>
            </>
          ))}
        </section>
      ))}
    </>
  );
}

function anchor(path: string): string {
  return path.replaceAll(/[^\w]+/g, "-").replace(/^-|-$/g, "");
}
