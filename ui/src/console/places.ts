/** The addresses of the views that only the console has. */
export const consolePlaces = {
  start: "/requests/new",
  projects: "/projects",
};
